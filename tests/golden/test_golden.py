"""The examples give exactly the committed golden files, so no change of a rule is overlooked."""

import difflib

from tests.golden.refresh import FORTNIGHT, committed_files, golden_files

MEANT = "if this is intended, run `make golden` and review the changes"


def test_the_examples_give_the_committed_golden_files() -> None:
    committed, golden = committed_files(), golden_files()
    stray = sorted(path.name for path in committed.keys() ^ golden.keys())
    assert stray == [], f"the set of publications changed:  {MEANT}"
    for path, text in golden.items():
        old, new = committed[path].splitlines(), text.splitlines()
        changes = list(difflib.unified_diff(old, new, path.name, path.name, n=0, lineterm=""))
        assert text == committed[path], "\n".join([f"{path}: {MEANT}", *changes[:40]])


def test_the_fortnight_has_a_line_for_each_input() -> None:
    text = FORTNIGHT.read_text(encoding="utf-8")
    table = text[text.index("line  outcome") : text.index("The last publication")].splitlines()[
        1:-1
    ]
    labels = [line.split()[0] for line in table]
    assert labels == [*map(str, range(1, 96)), "e1", "e2", "e3"]
