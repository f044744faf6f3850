"""TOML as people write it: bytes in, a table out, or what is wrong with them and on which line.

It knows neither the file's name nor what may stand in it: the caller says that.
"""

import re
import tomllib
from typing import Any

_SYNTAX_ERROR = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


class TomlError(ValueError):
    """What was read is no TOML: on which line, from 1, and why; the mend, where it is one of all
    files.
    """

    def __init__(self, line: int, what: str, mend: str | None = None) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.mend = mend


def parse_toml(content: bytes) -> dict[str, Any]:
    """The table that `content` holds; raises TomlError."""
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TomlError(line, "not UTF-8", "save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        told = _SYNTAX_ERROR.fullmatch(str(error))
        line = int(told[2]) if told and told[2] else content.count(b"\n") + 1
        raise TomlError(line, f"not TOML: {told[1] if told else error}") from error
    except RecursionError as error:
        raise TomlError(1, "not TOML: nested too deep", "write plain blocks") from error
