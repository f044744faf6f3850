"""Replace this process with a command that gets a signal when the parent ends (Linux).

In: signal number, process id of the parent, the command. Never returns. It calls prctl with
PR_SET_PDEATHSIG (1) in the child, because `preexec_fn` is unsafe in a process with threads.
"""

import ctypes
import os
import sys

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, int(sys.argv[1]))
    if os.getppid() == int(sys.argv[2]):  # Otherwise the parent ended before the call above.
        os.execvp(sys.argv[3], sys.argv[3:])
