"""The first start on a machine compiles search loops, and says so."""

from pathlib import Path

from newsloom.commands.display.compile_notice import NOTICE
from tests.support.runs import finish, start


def test_the_first_start_says_that_it_compiles_and_the_next_is_silent(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    first = finish(start("--help", environment=environment))
    assert (first.code, first.err) == (0, f"{NOTICE}\n")
    second = finish(start("--help", environment=environment))
    assert (second.code, second.err) == (0, "")
    assert first.out == second.out
