"""Health from the beats of the event loop and from commits: what is unhealthy and what is not."""

from newsloom.observability.health import BEAT_S, Health


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float, health: Health | None = None) -> None:
        """Lets time pass; with `health`, its event loop beats on time."""
        if health is None:
            self.now += seconds
            return
        for _ in range(int(seconds / BEAT_S)):
            self.now += BEAT_S
            health.beat()


def started() -> tuple[Clock, Health]:
    clock = Clock()
    health = Health(60, clock)
    health.beat()
    return clock, health


def test_a_loop_is_unhealthy_while_it_does_not_beat_and_healthy_again_after_a_beat() -> None:
    clock, health = started()
    clock.pass_time(60)
    assert health.unhealthy_reason() is None
    clock.pass_time(1)
    assert health.unhealthy_reason() == "the event loop has not answered for 61 s"
    health.beat()
    assert health.unhealthy_reason() is None


def test_the_lag_of_the_loop_is_the_longest_recent_one_or_the_present_one() -> None:
    clock, health = started()
    clock.pass_time(BEAT_S + 2)
    assert health.loop_lag_s == 2, "this lag has not ended"
    health.beat()
    clock.pass_time(10, health)
    assert health.loop_lag_s == 2, "the longest recent lag"
    clock.pass_time(10, health)
    assert health.loop_lag_s == 0


def test_missing_commits_are_unhealthy_only_while_records_wait() -> None:
    clock, health = started()
    health.note_ready()
    clock.pass_time(600, health)
    assert health.unhealthy_reason() is None, "no record waited"
    health.note_lag(3, 7)
    clock.pass_time(60, health)
    health.note_lag(3, 9)
    assert health.unhealthy_reason() is None, "the limit is not reached"
    clock.pass_time(1, health)
    stalled = "records wait in partition 3, and none was committed for 61 s"
    assert health.unhealthy_reason() == stalled
    health.note_commit(3)
    assert health.unhealthy_reason() is None, "a record was committed"
    clock.pass_time(61, health)
    assert health.unhealthy_reason() == stalled
    health.note_lag(3, 0)
    assert health.unhealthy_reason() is None, "no record waits any more"


def test_a_partition_with_commits_does_not_hide_one_without() -> None:
    clock, health = started()
    health.note_ready()
    health.note_lag(0, 1)
    health.note_lag(1, 1)
    for _ in range(61):
        clock.pass_time(1, health)
        health.note_commit(0)
    assert (health.unhealthy_reason() or "").startswith("records wait in partition 1,")


def test_the_time_limit_starts_again_when_partitions_are_reassigned() -> None:
    clock, health = started()
    health.note_ready()
    health.note_lag(0, 1)
    clock.pass_time(59, health)
    health.note_unready("the partitions assigned are being restored")
    clock.pass_time(500, health)
    assert health.unhealthy_reason() is None, "a restore has a separate limit"
    health.note_ready()
    health.note_lag(0, 1)
    clock.pass_time(60, health)
    assert health.unhealthy_reason() is None


def test_readiness_names_what_it_waits_for() -> None:
    _, health = started()
    assert health.unready_reason() == "starting"
    health.note_ready()
    assert health.unready_reason() is None
    health.note_unready("told to end")
    assert health.unready_reason() == "told to end"
    assert Health(1, is_ready=True).unready_reason() is None


def test_a_worker_with_a_stopped_partition_is_not_ready_and_not_to_be_restarted() -> None:
    clock, health = started()
    health.note_ready()
    health.note_lag(0, 7)
    health.note_stopped(1, "halted: 20 records failed")
    health.note_stopped(0, "log-behind: the log ends at 5")
    health.note_lag(0, 7)
    clock.pass_time(600, health)
    health.note_lag(0, 9)
    assert health.unhealthy_reason() is None
    assert health.unready_reason() == "log-behind: the log ends at 5\nhalted: 20 records failed"
    health.note_going_on(1)
    assert health.unready_reason() == "log-behind: the log ends at 5"
    health.note_lag(1, 3)
    clock.pass_time(61, health)
    assert (health.unhealthy_reason() or "").startswith("records wait in partition 1,")
    health.note_lag(1, 0)
    health.note_going_on(0)
    assert health.unready_reason() is None
    health.note_lag(0, 9)
    clock.pass_time(61, health)
    assert (health.unhealthy_reason() or "").startswith("records wait in partition 0,")
