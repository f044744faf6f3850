"""The spill file: rows are read back unchanged, and disk space is released."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from newsloom.adapters.storage.spill_file import SpillFile


def test_rows_are_read_back_unchanged() -> None:
    random, spill = Random(5), SpillFile(segment_bytes=2_000_000)
    rows: dict[int, bytes] = {}
    for _ in range(5_000):
        row = random.randbytes(random.choice((0, 1, 300, 4_092, 4_093, 9_000)))
        rows[spill.write(row)] = row
        if len(rows) > 50:
            handle = random.choice(list(rows))
            assert spill.read(handle) == rows.pop(handle)
            spill.discard(handle)
    assert len(rows) == 50
    assert all(handle > 0 for handle in rows)
    assert {handle: spill.read(handle) for handle in rows} == rows


def test_a_file_is_closed_when_all_its_rows_are_discarded() -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before, spill = open_files(), SpillFile(segment_bytes=1_000)
    handles = [spill.write(bytes(300_000)) for _ in range(40)]
    assert open_files() >= before + 40
    assert spill.size == 40 * 300_004
    for handle in handles:
        spill.discard(handle)
    assert open_files() <= before + 1
    assert spill.size <= 300_004


def test_no_file_is_left_in_the_tmpdir_folder(tmp_path: Path) -> None:
    program = (
        "from newsloom.adapters.storage.spill_file import SpillFile; import os, sys\n"
        "SpillFile().write(b'row'); print(os.listdir(sys.argv[1])); os._exit(9)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (9, "[]"), ran.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_gives_a_message_that_names_tmpdir() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from newsloom.adapters.storage.spill_file import SpillFile; spill = SpillFile()\n"
        "try:\n    while True: spill.write(bytes(1000))\n"
        "except OSError as error: print(error.strerror)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "TMPDIR names another" in ran.stdout
