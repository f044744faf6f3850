"""The golden files: the committed results of the examples, which people review.

`python -m tests.golden.refresh` writes them again and deletes files that are no longer computed;
review the changes before you commit them.
"""

from pathlib import Path

from tests.golden.examples import CURATED, DEAD_LETTERS, STORIES, example_files
from tests.golden.fortnight import fortnight_text

FORTNIGHT = Path(__file__).with_name("fortnight.txt")


def golden_files() -> dict[Path, str]:
    """The text of each golden file as the code computes it now, by its path."""
    return example_files() | {FORTNIGHT: fortnight_text()}


def committed_files() -> dict[Path, str]:
    """The text of each golden file on disk, by its path."""
    paths = [p for folder in (CURATED, STORIES, DEAD_LETTERS) for p in folder.glob("*.json")]
    paths += [FORTNIGHT] if FORTNIGHT.exists() else []
    return {path: path.read_text(encoding="utf-8") for path in paths}


def main() -> None:
    """Writes the files that changed and prints their paths."""
    committed, golden = committed_files(), golden_files()
    for path in sorted(committed.keys() - golden.keys()):
        path.unlink()
        print(f"removed {path}")
    for path, text in golden.items():
        if committed.get(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
