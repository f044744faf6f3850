"""The limit on work that does not return: SIGALRM ends the process, also inside a call into C.

The signal keeps its default action. A handler in Python would run only after such a call.
"""

import signal

MAX_WORK_S = 60.0
"""The longest time for the processing of one batch."""


class HangLimit:
    """Ends the process if work is not stopped in time. One for each process, on its main thread."""

    def __init__(self) -> None:
        self._is_draining = False

    def start(self, seconds: float) -> None:
        """Ends the process after `seconds`, unless `start` or `stop` is called before."""
        if not self._is_draining:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def stop(self) -> None:
        """The work has returned, so the process may go on."""
        if not self._is_draining:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def drain(self, seconds: float) -> None:
        """Ends the process after `seconds` in any case. Later calls change nothing."""
        self._is_draining = True
        signal.setitimer(signal.ITIMER_REAL, seconds)
