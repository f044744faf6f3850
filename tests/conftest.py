"""What holds for all tests, wherever they are run."""

import signal

# A shell has what it runs in the background ignore this, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
