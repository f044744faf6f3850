"""Health from signs of life: what makes a process unhealthy, and what does not."""

from newsloom.observability.health import BEAT_S, Health


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float, health: Health | None = None) -> None:
        """Lets time pass, with beats if there is somebody to give them."""
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


def test_a_loop_that_is_silent_for_too_long_is_told_and_one_that_wakes_is_well() -> None:
    clock, health = started()
    clock.pass_time(60)
    assert health.unhealthy() is None
    clock.pass_time(1)
    assert health.unhealthy() == "the event loop has not answered for 61 s"
    health.beat()
    assert health.unhealthy() is None


def test_the_lag_of_the_loop_is_its_longest_of_late_and_the_present_one() -> None:
    clock, health = started()
    clock.pass_time(BEAT_S + 2)
    assert health.loop_lag_s == 2, "not over yet"
    health.beat()
    clock.pass_time(10, health)
    assert health.loop_lag_s == 2, "of late"
    clock.pass_time(10, health)
    assert health.loop_lag_s == 0


def test_commits_that_stand_still_are_a_reason_only_while_records_wait() -> None:
    clock, health = started()
    health.note_ready()
    clock.pass_time(600, health)
    assert health.unhealthy() is None, "there was nothing to do"
    health.note_lag(3, 7)
    clock.pass_time(60, health)
    health.note_lag(3, 9)
    assert health.unhealthy() is None, "not for long enough"
    clock.pass_time(1, health)
    told = "records wait in partition 3, and none was committed for 61 s"
    assert health.unhealthy() == told
    health.note_commit(3)
    assert health.unhealthy() is None, "it goes on"
    clock.pass_time(61, health)
    assert health.unhealthy() == told
    health.note_lag(3, 0)
    assert health.unhealthy() is None, "nothing waits any more"


def test_one_partition_that_goes_on_does_not_hide_another_that_stands_still() -> None:
    clock, health = started()
    health.note_ready()
    health.note_lag(0, 1)
    health.note_lag(1, 1)
    for _ in range(61):
        clock.pass_time(1, health)
        health.note_commit(0)
    assert (health.unhealthy() or "").startswith("records wait in partition 1,")


def test_partitions_that_move_begin_anew() -> None:
    clock, health = started()
    health.note_ready()
    health.note_lag(0, 1)
    clock.pass_time(59, health)
    health.note_unready("the partitions assigned are being restored")
    clock.pass_time(500, health)
    assert health.unhealthy() is None, "a restore has a limit of its own"
    health.note_ready()
    health.note_lag(0, 1)
    clock.pass_time(60, health)
    assert health.unhealthy() is None


def test_readiness_says_what_it_waits_for() -> None:
    _, health = started()
    assert health.unready() == "starting"
    health.note_ready()
    assert health.unready() is None
    health.note_unready("told to end")
    assert health.unready() == "told to end"
    assert Health(1, is_ready=True).unready() is None
