"""Reads the YAML block of a front matter: its values, and the source text of each field.

In: a file's text and the bounds of the block. Out: a dict of JSON-like values, and the text of each
top-level field. It builds no objects and follows no alias, and it checks the limits while it reads,
so that the cost of an input is bounded by its size.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple

import yaml

from newsloom.adapters.front_matter.form import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_KEY_CHARS,
    FrontMatterError,
    write_field,
)

# Plain scalars that are not strings: those of the YAML 1.2 core schema (10.3.2), but of the numbers
# only plain decimals.
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_NUMBER = re.compile(rf"-?(?:0|[1-9]\d{{0,{MAX_DIGITS - 1}}})(\.\d+)?", re.ASCII)
# libyaml breaks lines at NEL, LS and PS, which are ordinary characters in YAML 1.2 and in scraped
# text. Noncharacters replace them while libyaml parses, so that they are kept in the value.
_TO_NONCHARACTERS = str.maketrans("\x85\u2028\u2029", "\U0001fffe\U0001ffff\U0002fffe")
_FROM_NONCHARACTERS = str.maketrans("\U0001fffe\U0001ffff\U0002fffe", "\x85\u2028\u2029")
_NONCHARACTER = re.compile("[\U0001fffe\U0001ffff\U0002fffe]|\\\\U000[12]fff[ef]", re.IGNORECASE)
_NOT_YAML = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A block scalar that keeps all blank lines after it, including those before the next field.
_KEEPING = re.compile(r"[|>]\d?\+")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
# Names after a '?', and lone carriage returns, which YAML reads as line breaks.
_NOT_LINE_BY_LINE = re.compile(r"\n\?|\r(?!\n)")
_FIXES = {
    "mapping values are not allowed in this context": "put text that holds ': ' in double quotes",
    "could not find expected ':'": "write 'name: value', and text of several lines in quotes",
    "found character that cannot start any token": "indent with spaces, put text in double quotes",
    "found a tab character that violates indentation": "indent with spaces",
    "found unexpected end of stream": "close the quotes",
}


class SourceField(NamedTuple):
    """The source text of a top-level field."""

    lead: str  # blank lines and comments before it
    text: str
    written: str  # the value as `write_field` writes it; an equal text means it is unchanged


class BlockReader:
    """Reads the block between the two `---` lines event by event, to check limits early."""

    def __init__(self, text: str, start: int, end: int) -> None:
        """The block is `text[start:end]`; it begins and ends at line breaks."""
        self._text = text
        self._start = start
        self._end = end
        self._events: Iterator[Any] = iter(())
        self._from_noncharacters: dict[int, int] = {}
        self._last_end = 0  # end index of the last token that was read
        self._is_flow = False  # whether the fields are written in braces
        self._spans: list[tuple[Any, int]] = []  # start mark and end index of each top-level field

    def read(self) -> dict[str, Any]:
        """Returns the fields of the block. Raises FrontMatterError."""
        fields: dict[str, Any] = {}
        try:
            # The parsed text begins with a line break: libyaml drops a byte order mark at the very
            # beginning without counting it, and all marks would be off by one.
            self._events = yaml.parse("\n" + self._block(), Loader=yaml.CSafeLoader)
            for event in self._events:
                if isinstance(event, yaml.MappingStartEvent):
                    self._is_flow = bool(event.flow_style)
                    fields = self._mapping(event, 1)
                elif isinstance(event, (yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
                    if event.explicit:
                        raise self._fault(event, "'---' or '...' inside", "remove the line")
                elif isinstance(event, yaml.NodeEvent):
                    raise self._fault(event, "not a mapping", "write 'name: value' lines")
        except yaml.MarkedYAMLError as error:
            raise self._syntax_fault(error) from None
        except (yaml.reader.ReaderError, UnicodeEncodeError):
            raise self._character_fault() from None
        return fields

    def sources(self, fields: dict[str, Any]) -> tuple[dict[str, SourceField], str]:
        """The source text of each top-level field, and the comments after the last field.

        Call it after `read`. The dict is empty if the fields do not all begin on their own line.
        """
        if not self._is_line_by_line():
            return {}, ""
        sources = {}
        cut = self._start
        for (key, value), (mark, end) in zip(fields.items(), self._spans, strict=True):
            begin = self._start + mark.index - 1
            # `dumps` may write another field before this one. An indented comment or blank line
            # would then be read as part of that field.
            lead = _INDENT.sub("", self._text[cut:begin])
            cut = self._start + end - 1
            is_block_scalar = self._text[cut - 1] == "\n"
            if not is_block_scalar:
                cut = self._text.index("\n", cut) + 1
            text = self._text[begin:cut]
            written = write_field(key, value)
            is_keeping = is_block_scalar and _KEEPING.search(text)
            sources[key] = SourceField(lead, written if is_keeping else text, written)
        return sources, _INDENT.sub("", self._text[cut : self._end])

    def _is_line_by_line(self) -> bool:
        return not (
            self._is_flow
            or any(mark.column for mark, _ in self._spans)
            or _NOT_LINE_BY_LINE.search(self._text, self._start - 1, self._end)
        )

    def _block(self) -> str:
        block = self._text[self._start : self._end]
        if not any(character in block for character in "\x85\u2028\u2029"):
            return block
        self._from_noncharacters = _FROM_NONCHARACTERS
        if found := _NONCHARACTER.search(block):
            at = self._start + found.start()
            raise fault_at(self._text, at, "a noncharacter", "remove it")
        return block.translate(_TO_NONCHARACTERS)

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        raise self._fault(event, "an alias", "write the value out")

    def _mapping(self, start: Any, depth: int) -> dict[str, Any]:
        self._check_node(start, depth)
        fields: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                self._end_collection(start, event)
                break
            key = self._key(event)
            if key in fields:
                # A nested name may be in `private`, so the message does not quote it.
                name = f"the name {key!r}" if depth == 1 else "a name"
                raise self._fault(event, f"{name} is used twice", "remove one of the two")
            fields[key] = self._value(next(self._events), depth + 1)
            if depth == 1:
                self._spans.append((event.start_mark, self._last_end))
        return fields

    def _sequence(self, start: Any, depth: int) -> list[Any]:
        self._check_node(start, depth)
        items = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                self._end_collection(start, event)
                break
            items.append(self._value(event, depth + 1))
        return items

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._fault(event, "a name that is not text", "write 'name: value'")
        self._check_node(event, 1)
        key = event.value.translate(self._from_noncharacters)
        if len(key) > MAX_KEY_CHARS:
            raise self._fault(
                event, "a name is too long", f"use at most {MAX_KEY_CHARS} characters"
            )
        return key

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        self._check_node(event, 1)
        self._last_end = event.end_mark.index
        value: str = event.value
        if event.implicit[0]:  # plain
            if value in _WORDS:
                return _WORDS[value]
            number = _NUMBER.fullmatch(value)
            if number and number[1] is None:
                return int(value)
            if number and isfinite(float(value)):
                return float(value)
        return value.translate(self._from_noncharacters) if self._from_noncharacters else value

    def _end_collection(self, start: Any, end: Any) -> None:
        if start.flow_style:  # the end mark of a block is only where the next token begins
            self._last_end = end.end_mark.index

    def _check_node(self, event: Any, depth: int) -> None:
        if event.tag is not None:
            raise self._fault(event, "a tag", "remove it, or put text in double quotes")
        if event.anchor is not None:
            raise self._fault(event, "an anchor", "remove it, or put text in double quotes")
        if depth > MAX_DEPTH:
            raise self._fault(event, f"nested deeper than {MAX_DEPTH}", "flatten it")

    def _fault(self, event: Any, problem: str, fix: str) -> FrontMatterError:
        return fault_at(self._text, self._start + event.start_mark.index - 1, problem, fix)

    def _character_fault(self) -> FrontMatterError:
        found = _NOT_YAML.search(self._text, self._start, self._end)
        at = found.start() if found else self._start
        problem = f"the character U+{ord(self._text[at]):04X} is not allowed unescaped"
        return fault_at(self._text, at, problem, "remove or escape it")

    def _syntax_fault(self, error: yaml.MarkedYAMLError) -> FrontMatterError:
        mark = error.problem_mark
        problem = error.problem or "not YAML"
        if problem.startswith("found unexpected") and error.context_mark is not None:
            mark = error.context_mark  # where the quotes were opened, not where the text ends
        at = self._start + mark.index - 1 if mark is not None else self._start
        fix = _FIXES.get(problem, "check the indentation and put text in double quotes")
        return fault_at(self._text, at, problem, fix)


def fault_at(text: str, index: int, problem: str, fix: str) -> FrontMatterError:
    """The error for a problem at an index of the text, with its 1-based line and the fix."""
    line = text.count("\n", 0, index) + 1
    return FrontMatterError(f"line {line}: {problem}; {fix}")
