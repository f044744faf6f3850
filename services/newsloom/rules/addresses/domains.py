"""Registrable domains: the part of a host that names its publisher.

In: a host as `host_of` gives it. Out: public suffix plus one label, by the list that the
publicsuffixlist package carries. It never looks anything up on the network.
"""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

# Private suffixes count (blogspot.com, github.io): there the account is the publisher. An unlisted
# top-level domain counts too, by the list's default rule "*" (publicsuffix.org/list, "Algorithm").
_SUFFIXES = PublicSuffixList()

# Publishing platforms that give each account a subdomain, yet are not in the list's private part.
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
    """Return the registrable domain of a lower-case ASCII host, punycode in and out. Idempotent.

    An IP address, a single label and a bare public suffix are returned as they are. On a publishing
    platform the account counts (`name.substack.com`).
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
    """Whether a host, as `host_of` gives it, is an IP address."""
    # Only an IPv4 address (or an IPv6 one that ends in one) has such a last label.
    return host.rpartition(".")[2].isdigit() or ":" in host


def is_account(domain: str) -> bool:
    """Whether a registrable domain is that of an account on a platform (`name.substack.com`)."""
    if is_address(domain):
        return False
    above = domain.partition(".")[2]
    return above in _ACCOUNT_PLATFORMS or _public_suffixes().privatesuffix(domain) != domain


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list without its private part; wanted seldom, so it is read when it is."""
    return PublicSuffixList(only_icann=True)
