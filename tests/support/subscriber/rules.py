"""The rules of what a subscriber holds, each with a name.

In: a view and the id of an article or a story that it holds. Out: what is wrong, or None. A rule
looks only at records of the view; it never changes it. docs/subscribers.md describes the records.

Readings that the rules take where a record alone cannot decide:

- What an article that left the window names is not corrected, because a lane does not publish such
  an article again. A subscriber hides what a record names and it does not hold. So `root-held`,
  `names-withdrawn`, `relation-story`, `relation-duplicate` and the rules of `duplicates` are about
  articles that are certainly live.
- A story may be published after several articles joined it (it grows by a tenth first). Its figures
  are therefore compared with the members that it had when it was published, as they are now: an
  article that has joined since may be missing, but a withdrawal or a corrected date must show.
- A lane forgets an article 30 days after it left the window. The figures and the lead of a story
  with such an article are not checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.support.subscriber.view import View

Subject = Literal["article", "story"]
Check = Callable[["View", str], str | None]

NOT_LEADING = -1
STREAM_RULES = frozenset({"revision"})
"""Rules about the order of records, which the view checks when it takes a record."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. A rule that is not standing is checked only for records just published.

    A rule that needs a settled view may be broken between the transactions of one input.
    """

    name: str
    subject: Subject
    check: Check
    is_standing: bool = True
    needs_settled: bool = False


RULES: dict[str, Rule] = {}


def rule(
    name: str, subject: Subject, *, is_standing: bool = True, needs_settled: bool = False
) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        def of_held(view: "View", ident: str) -> str | None:
            held = view.articles if subject == "article" else view.stories
            if ident not in held or not (is_standing or ident in view.published[subject]):
                return None
            return check(view, ident)

        RULES[name] = Rule(name, subject, of_held, is_standing, needs_settled)
        return check

    return add


def state(view: "View", ident: str) -> str:
    """Why an id is not held."""
    return "withdrawn" if ident in view.withdrawn else "not held"


def rank(record: Any) -> tuple[int, str, str]:
    """The best article sorts first: highest quality, then earliest, then lowest id."""
    return -record["quality"], record["publishedDateTime"], record["id"]


def difference(view: "View", item: dict[str, Any]) -> str | None:
    """What is not as in the held record of an article that another record shows."""
    held = view.articles.get(item["id"])
    if held is None:
        return None
    for name, value in item.items():
        if name not in ("relation", "similarity") and held.record.get(name) != value:
            return f"the {name} {value!r} of {item['id']}, which has {held.record.get(name)!r}"
    return None


def has_grown(count: int, count_when_published: int) -> bool:
    """Whether a count has grown by a tenth, and by at least one."""
    return 10 * (count - count_when_published) >= max(1, count_when_published)


@lru_cache(maxsize=65_536)
def seconds(text: str) -> int:
    """A date-time of a record in Unix seconds."""
    return int(datetime.fromisoformat(text).timestamp())
