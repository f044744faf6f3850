"""Become a command that the kernel signals when its parent ends (Linux, prctl PR_SET_PDEATHSIG).

Enters: signal number, process id of the parent, the command. Never returns. Done in the child,
since Python's own hook for it, preexec_fn, is unsafe in a process that has threads.
"""

import ctypes
import os
import sys

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, int(sys.argv[1]))
    if os.getppid() == int(sys.argv[2]):  # else it ended before we asked
        os.execvp(sys.argv[3], sys.argv[3:])
