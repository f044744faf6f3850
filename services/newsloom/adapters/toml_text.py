"""Parses TOML that a person wrote.

In: the bytes of a file. Out: a table, or a TomlError with the line and the problem. It knows
neither the file's name nor which keys are allowed: the caller adds these to the message.
"""

import re
import tomllib
from typing import Any

_SYNTAX_ERROR = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


class TomlError(ValueError):
    """The bytes are not TOML.

    `line` is 1-based. `fix` is None if the fix depends on the kind of file.
    """

    def __init__(self, line: int, problem: str, fix: str | None = None) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem
        self.fix = fix


def parse_toml(content: bytes) -> dict[str, Any]:
    """Returns the table that `content` holds. Raises TomlError."""
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TomlError(line, "not UTF-8", "save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX_ERROR.fullmatch(str(error))
        line = int(match[2]) if match and match[2] else content.count(b"\n") + 1
        raise TomlError(line, f"not TOML: {match[1] if match else error}") from error
    except RecursionError as error:
        raise TomlError(1, "not TOML: nested too deep", "write plain tables") from error
