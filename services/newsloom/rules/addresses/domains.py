"""Registrable domains: the part of a host that identifies its publisher.

In: a host as `host_of` returns it. Out: the public suffix plus one label, by the list in the
publicsuffixlist package. It never uses the network.
"""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

# Private suffixes (blogspot.com, github.io) count as public suffixes: the account is the publisher.
# An unlisted top-level domain counts too: default rule "*" (publicsuffix.org/list, "Algorithm").
_SUFFIXES = PublicSuffixList()

# Publishing platforms with a subdomain per account that are not in the list's private part.
_ACCOUNT_PLATFORMS = frozenset(
    {
        "beehiiv.com",
        "ghost.io",
        "medium.com",
        "substack.com",
        "tumblr.com",
        "typepad.com",
        "wordpress.com",
    }
)


@lru_cache(maxsize=8192)
def registrable_domain(host: str) -> str:
    """The registrable domain of a lower-case ASCII host, with punycode kept. Idempotent.

    An IP address, a single label and a public suffix alone are returned unchanged. On a publishing
    platform the account is included (`name.substack.com`).
    """
    if is_address(host):
        return host
    domain = _SUFFIXES.privatesuffix(host)
    if domain is None:
        return host
    if domain in _ACCOUNT_PLATFORMS:
        account = host.removesuffix(domain).rstrip(".").rpartition(".")[2]
        return f"{account}.{domain}" if account not in ("", "www") else domain
    return domain


def is_address(host: str) -> bool:
    """Whether a host, as `host_of` returns it, is an IP address."""
    # Only an IPv4 address (or an IPv6 address that ends in one) has digits as its last label.
    return host.rpartition(".")[2].isdigit() or ":" in host


def is_account(domain: str) -> bool:
    """Whether a registrable domain belongs to an account on a platform (`name.substack.com`)."""
    if is_address(domain):
        return False
    above = domain.partition(".")[2]
    return above in _ACCOUNT_PLATFORMS or _public_suffixes().privatesuffix(domain) != domain


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list without its private part, read at first use because it is rarely needed."""
    return PublicSuffixList(only_icann=True)
