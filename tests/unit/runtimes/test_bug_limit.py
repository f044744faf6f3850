"""The limit on bugs: only bugs count, and the error says what to report."""

from newsloom.records.faults import Fault, Reason, Stage
from newsloom.runtimes.bug_limit import MAX_BUGS, BugLimit


def _bug(detail: str = "ValueError: an oversight") -> Fault:
    return Fault(Reason.INTERNAL_ERROR, None, detail, Stage.CURATE)


def test_faults_of_crawlers_do_not_count() -> None:
    limit = BugLimit()
    for _ in range(2 * MAX_BUGS):
        limit.count(Fault(Reason.MISSING, "title", "title is missing"))
    assert not limit.is_reached


def test_the_last_permitted_bug_reaches_the_limit() -> None:
    limit = BugLimit()
    for _ in range(MAX_BUGS - 1):
        limit.count(_bug())
    assert not limit.is_reached
    limit.count(_bug())
    assert limit.is_reached


def test_the_error_names_the_last_bug_and_where_the_records_are() -> None:
    limit = BugLimit()
    limit.count(_bug("KeyError: 'a'"))
    limit.count(_bug("KeyError: 'b'"))
    limit.count(Fault(Reason.BLANK, "title", "title has no visible text"))
    message = str(limit.error("they are kept in dead-letters.jsonl"))
    assert "KeyError: 'b'" in message
    assert "they are kept in dead-letters.jsonl" in message
