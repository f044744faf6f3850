"""The feeds to visit: from an OPML file, a list of URLs, or one URL.

In: what the user wrote. Out: the addresses of feeds in their order, each once. A line that is no
address is an error that names it. It fetches nothing.
"""

from pathlib import Path
from xml.parsers import expat

from newsloom.adapters.failures import UnusableInputError
from newsloom.rules.addresses.urls import url_fault

MAX_FILE_BYTES = 64 * 1024 * 1024


def read_subscriptions(feeds: str) -> list[str]:
    """The addresses that `feeds`, a URL or the name of a file, stands for.

    Raises UnusableInputError with the line that is wrong.
    """
    if feeds.startswith(("http://", "https://")):
        return [_check(feeds, feeds, "")]
    path = Path(feeds)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        fix = "name an OPML file, a file with one URL a line, or a URL"
        raise UnusableInputError(f"{feeds}: cannot be read ({error.strerror}); {fix}") from error
    if len(data) > MAX_FILE_BYTES:
        raise UnusableInputError(f"{feeds}: larger than {MAX_FILE_BYTES:,} bytes; split the file")
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = _read_opml(feeds, data) if start.startswith(b"<") else _read_list(feeds, data)
    if not found:
        raise UnusableInputError(f"{feeds}: names no feed; write one URL a line, or OPML")
    return list(dict.fromkeys(found))


def _read_list(name: str, data: bytes) -> list[str]:
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnusableInputError(f"{name}: not UTF-8; save the file as UTF-8") from error
    stripped = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return [
        _check(line, f"{name}:{number}", "; a line that begins with # is a comment")
        for number, line in stripped
        if line and not line.startswith("#")
    ]


def _read_opml(name: str, data: bytes) -> list[str]:
    found: list[str] = []
    parser = expat.ParserCreate()
    is_opml = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal is_opml
        is_opml = is_opml or tag.lower() == "opml"
        if tag.lower() != "outline":
            return
        address = next((v for k, v in attributes.items() if k.lower() == "xmlurl"), "").strip()
        if address:
            found.append(_check(address, f"{name}:{parser.CurrentLineNumber}", ""))

    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnusableInputError(f"{name}: not OPML: {error}; export it again") from error
    if not is_opml:
        raise UnusableInputError(
            f"{name}: holds XML but no OPML; give the URL of a feed, not the feed itself"
        )
    return found


def _check(address: str, where: str, hint: str) -> str:
    if url_fault(address) is not None:
        raise UnusableInputError(f"{where}: {address[:80]!r} is no http or https URL{hint}")
    return address
