"""What reading an input gives: its records, and the position after each.

In and out: values only. It reads nothing.
"""

from typing import Any, NamedTuple

from newsloom.adapters.front_matter import FrontMatterError, loads
from newsloom.pipeline.decode import RawInput
from newsloom.pipeline.parse_json import MAX_RECORD_BYTES, parse_json, too_large
from newsloom.records.faults import Fault, Reason


class Position(NamedTuple):
    """How far an input has been read, the arrival time of that part, and what was read.

    `bytes` counts unpacked bytes; `lines` counts lines, or the elements of an array. Bytes before
    offset `opened_bytes` count as arrived at `opened_at` (seconds since the epoch). A record that
    ends after it sets both again, to the current time and file size. A packed file has one arrival
    time as long as its size, which is `opened_bytes`, stays the same.

    `digest` is that of the bytes that were read, `first` that of the first record. `stamp`
    identifies the content of a file that was read to its end. All three are empty if an earlier
    version of Newsloom read the file.
    """

    bytes: int = 0
    lines: int = 0
    opened_at: int = 0
    opened_bytes: int = 0
    digest: str = ""
    first: str = ""
    stamp: str = ""


class InputRecord(NamedTuple):
    """The bytes of one record, and the position after it.

    `position` is its line, or for an array the number of its element, counted from 1.
    """

    payload: bytes
    position: int
    after: Position
    is_front_matter: bool = False

    @property
    def raw(self) -> RawInput:
        """The record with the parser of its format."""
        parse = _parse_front_matter if self.is_front_matter else parse_json
        return RawInput(self.payload, parse=parse)


def _parse_front_matter(payload: bytes) -> dict[str, Any] | Fault:
    if len(payload) > MAX_RECORD_BYTES:
        return too_large(payload)
    try:
        return loads(payload.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Fault(Reason.NOT_UTF8, None, f"byte {error.start} is not UTF-8")
    except FrontMatterError as error:
        return Fault(Reason.NOT_FRONT_MATTER, None, str(error))
