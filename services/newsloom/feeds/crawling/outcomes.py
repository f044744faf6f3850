"""How a visit to a feed can end: one closed list for reports, state and metrics."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The end of a visit."""

    READ = "read"
    """A feed was read."""
    UNCHANGED = "unchanged"
    """The server says that nothing changed since the last visit (304)."""
    TOO_LARGE = "too-large"
    """The feed has more bytes than are read. Its first part was read."""
    EMPTY = "empty"
    """The answer has no bytes."""
    HTML_PAGE = "html-page"
    """The answer is a web page that names no feed."""
    LOGIN_PAGE = "login-page"
    """The answer is a page that asks for a password."""
    NOT_A_FEED = "not-a-feed"
    """The answer is something else."""
    GONE = "gone"
    """The server says that the feed is gone for ever (410). It is not visited again."""
    NOT_FOUND = "not-found"
    """The server has no such address (404)."""
    DENIED = "denied"
    """The server wants a login or denies access (401, 402, 403, 451)."""
    BUSY = "busy"
    """The server asks to come later (429, 503)."""
    HTTP_ERROR = "http-error"
    """Another status than 200."""
    ROBOTS = "robots"
    """The robots.txt of the site forbids it, or could not be read."""
    BLOCKED = "blocked-address"
    """The host has no public address, or the URL another port than 80 and 443."""
    REDIRECTS = "too-many-redirects"
    """More than five redirects, or a loop."""
    UNREACHABLE = "unreachable"
    """No connection, or it broke off."""
    TOO_SLOW = "too-slow"
    """The answer did not end in time."""
    BAD_BODY = "bad-body"
    """The body cannot be unpacked."""
    BAD_URL = "bad-url"
    """The address, or one that it redirects to, is not a URL."""
    BUG = "internal-error"
    """The answer made Newsloom or a library fail. The feed is tried again as others that fail."""

    @property
    def is_success(self) -> bool:
        """Whether the feed works."""
        return self in (Outcome.READ, Outcome.UNCHANGED, Outcome.TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a fetch gave. `url` is where the body came from.

    `moved_to` is the address that the server says is the new one for ever, empty if there is none.
    """

    outcome: Outcome
    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""
    retry_after_s: int | None = None
    max_age_s: int | None = None
    detail: str = ""
