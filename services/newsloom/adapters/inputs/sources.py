"""Finds the inputs that a command line names: files, folders and standard input.

In: paths. Out: sources in the order in which they are read. It refuses files that hold something
else than article events, before any of them is read.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from newsloom.adapters.failures import OutageError, UnusableInputError
from newsloom.adapters.inputs.content import content_of_file
from newsloom.adapters.inputs.kinds import Kind, recognise

STANDARD_INPUT = "-"
DATABASE = "newsloom.db"
"""The file that makes a folder the output folder of a run."""
PROJECTIONS = ("curated.jsonl", "stories.jsonl", "dead-letters.jsonl")

_LINES = (".jsonl", ".ndjson")
_ARRAY = ".json"
_PACKED = (".gz", ".zst")
_DOCUMENT = ".md"
_ARTICLES = "articles"
_SUFFIXES = (*_LINES, *(name + packed for name in (*_LINES, _ARRAY) for packed in _PACKED))


@dataclass(frozen=True, slots=True)
class Source:
    """A file, identified by its absolute path, or standard input. `size` is in bytes.

    A pipe has no memory: it is read from its beginning each time.
    """

    path: str
    size: int
    is_pipe: bool = False
    is_packed: bool = False

    @property
    def is_front_matter(self) -> bool:
        """Whether the whole file is one record."""
        return self.path.endswith(_DOCUMENT)


def find_sources(inputs: Sequence[str], output: Path | None = None) -> list[Source]:
    """The files that `inputs` name. Files of a folder are in path order, without those in `output`.

    Raises OutageError for an input that is missing, cannot be read, or is a folder without inputs,
    and UnusableInputError for one that holds no article events.
    """
    sources = [source for name in inputs for source in _find_sources(name, output)]
    return list(dict.fromkeys(sources))


def total_bytes(sources: Sequence[Source]) -> int | None:
    """The number of bytes that `sources` hold, None if that cannot be known before reading them."""
    if any(source.is_pipe or source.is_packed for source in sources):
        return None
    return sum(source.size for source in sources)


def _find_sources(name: str, output: Path | None) -> list[Source]:
    if name == STANDARD_INPUT:
        return [Source(STANDARD_INPUT, 0, is_pipe=True)]
    try:
        return [_source(file) for file in _find_files(name, output)]
    except OSError as error:
        raise OutageError(f"cannot read {name}: {error.strerror or error}") from error


def _source(file: Path) -> Source:
    status = file.stat()
    is_pipe = not stat.S_ISREG(status.st_mode)
    source = Source(str(file), status.st_size, is_pipe=is_pipe)
    if is_pipe or source.is_front_matter:
        return source
    with open(file, "rb") as stream:
        return replace(source, is_packed=content_of_file(source.path, stream).is_packed)


def _find_files(name: str, output: Path | None) -> list[Path]:
    path = Path(name).absolute()
    _refuse_output(path)
    if path.is_dir():
        own = output.absolute() if output else None
        files = sorted(_files_in(path, own))
        if not files:
            kinds = ", ".join((*_SUFFIXES, _DOCUMENT))
            raise OutageError(f"the folder {name} contains no {kinds} file: check the path")
        return files
    if not path.exists():
        raise OutageError(f"there is no input {name}: check the path")
    return [path]


def _files_in(folder: Path, own: Path | None) -> Iterator[Path]:
    """The inputs below `folder`. Raises UnusableInputError for the output of another run."""
    for name, _, files in os.walk(folder, onerror=_raise):
        here = Path(name)
        if own is not None and (here == own or own in here.parents):
            continue
        if DATABASE in files:
            raise UnusableInputError(
                f"{here} is the output folder of a run: give the files that the run read, "
                "or move the folder away"
            )
        yield from (here / file for file in files if _is_input(here / file))


def _is_input(file: Path) -> bool:
    if not file.is_file():
        return False
    if file.suffix == _ARRAY:
        # Files of this name hold many things. One that is an array is meant.
        with open(file, "rb") as stream:
            return recognise(stream.read(256)) is Kind.ARRAY
    return file.name.endswith(_SUFFIXES) or file.suffix == _DOCUMENT


def _refuse_output(path: Path) -> None:
    """Raises UnusableInputError for what a run wrote into its output folder."""
    folder = path if path.name == _ARTICLES else path.parent
    is_article = folder.name == _ARTICLES and (folder.parent / DATABASE).exists()
    is_published = path.name in (*PROJECTIONS, DATABASE) and (path.parent / DATABASE).exists()
    if is_article or is_published:
        raise UnusableInputError(f"{path} is the output of a run: give the files that the run read")


def _raise(error: OSError) -> None:
    raise error
