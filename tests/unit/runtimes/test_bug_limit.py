"""The limit on bugs: only bugs count, and the error says what to report and how to go on."""

from newsloom.records.faults import Fault, Reason, Stage
from newsloom.runtimes.bug_limit import MAX_BUGS, BugLimit


def _bug(detail: str = "ValueError: an oversight") -> Fault:
    return Fault(Reason.INTERNAL_ERROR, None, detail, Stage.CURATE)


def test_faults_of_crawlers_and_good_results_do_not_count() -> None:
    limit = BugLimit()
    for _ in range(2 * MAX_BUGS):
        assert not limit.count(Fault(Reason.MISSING, "title", "title is missing"))
        assert not limit.count(None)
    assert limit.error is None


def test_the_twentieth_bug_reaches_the_limit() -> None:
    limit = BugLimit()
    assert not any(limit.count(_bug()) for _ in range(19))
    assert limit.error is None
    assert limit.count(_bug())
    assert limit.error is not None


def test_after_a_reset_twenty_more_bugs_are_needed() -> None:
    limit = BugLimit()
    for _ in range(MAX_BUGS):
        limit.count(_bug())
    limit.reset()
    assert limit.error is None
    assert [limit.count(_bug()) for _ in range(MAX_BUGS)] == [False] * 19 + [True]


def test_the_error_names_the_last_bug_and_the_command_to_go_on() -> None:
    limit = BugLimit("newsloom resume --output out")
    for number in range(MAX_BUGS):
        limit.count(_bug(f"KeyError: {number}"))
    limit.count(Fault(Reason.BLANK, "title", "title has no visible text"))
    assert "KeyError: 19)" in str(limit.error)
    assert str(limit.error).endswith("`newsloom resume --output out`")
