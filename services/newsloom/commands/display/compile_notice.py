"""A notice while search loops are compiled: at the first start on a machine, for about ten seconds.

In: the arguments of the command line. Out: one line on standard error, if anything is compiled.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

NOTICE = "compiling search loops; this happens once on a machine and takes about ten seconds"

SEARCHING = ("crawl", "run", "explain", "compare", "lanes", "worker", "keys", "unseal")
"""The commands whose modules load the search loops. Loading compiles those that are not cached."""


@contextmanager
def compile_notice(arguments: Sequence[str]) -> Iterator[None]:
    """Prints the notice once if a loop is compiled within the block, but not with `--quiet`.

    A worker's standard error is a log, perhaps of JSON lines: it gets the notice on a terminal
    only. `arguments` begin with the name of the command; its options are not parsed yet.
    """
    command = arguments[0] if arguments else None
    is_log = command == "worker" and not sys.stderr.isatty()
    if command not in SEARCHING or "--quiet" in arguments or is_log:
        yield
        return
    # Imported here, because numba takes half a second to load and the other commands need no numba.
    from numba.core import event

    class Listener(event.Listener):
        is_printed = False

        def on_start(self, _event: Any) -> None:
            if not self.is_printed:
                self.is_printed = True
                click.echo(NOTICE, err=True)

        def on_end(self, _event: Any) -> None:
            pass

    # numba sends this event only for a loop that is not in its cache.
    with event.install_listener("numba:compile", Listener()):
        yield
