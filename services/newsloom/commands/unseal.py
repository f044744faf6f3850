"""`newsloom unseal`: decrypts the private object of a curated record.

In: one curated record, or the text of its `secured` field, and the sealing keys that are set.
Out: the private object as JSON on standard output, or one line of error and an exit code.
"""

import re
import sys
from typing import Any, BinaryIO, NamedTuple, NoReturn

import click
import orjson

from newsloom.adapters.front_matter import FrontMatterError, loads
from newsloom.adapters.sealing.keyring import SealFault
from newsloom.bootstrap import build_keyring
from newsloom.commands.display.printable import print_error, printable_json
from newsloom.records.curated import SCHEMA_VERSION
from newsloom.settings import Settings

MAX_BYTES = 1024 * 1024
EXIT_UNUSABLE = 2
EXIT_NO_KEY = 3
EXIT_ALTERED = 4

_ARTICLE_ID = re.compile(r"[0-9a-f]{32}")


class _Sealed(NamedTuple):
    secured: str
    article_id: str
    schema_version: int


class _Input(click.File):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Opens FILE. Fails if it is standard input and that is closed."""
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("file", type=_Input("rb"), default="-", metavar="[FILE]")
@click.option(
    "--id", "article_id", help="The article id. Needed when FILE holds the text of `secured` only."
)
def unseal(file: BinaryIO, article_id: str | None) -> None:
    """Decrypt the private object of a curated record and print it as JSON.

    FILE (default: standard input) holds one curated record of at most 1 MiB, as JSON or as a
    document with front matter, or only the text of the record's `secured` field; then give --id
    too. The keys come from NEWSLOOM_SEALING_KEYS or NEWSLOOM_SEALING_KEYS_FILE, or from
    newsloom.toml.

    \b
    Exit codes:
      0  the private object was printed
      2  FILE is not one sealed record, or the keys that are set are not usable
      3  the key that made the seal is not set
      4  the seal was altered, or it belongs to another article

    \b
    Examples:
      newsloom unseal out/articles/0123456789abcdef0123456789abcdef.md
      head -n 1 out/curated.jsonl | newsloom unseal
    """
    sealed = _read(file.read(MAX_BYTES + 1), article_id)
    click.echo(printable_json(orjson.dumps(_open(sealed), option=orjson.OPT_INDENT_2)))


def _open(sealed: _Sealed) -> dict[str, Any]:
    """Returns the private object. Exits with code 3 or 4 if the seal cannot be opened."""
    keyring = build_keyring(Settings())
    private = SealFault.NO_KEY if keyring is None else keyring.unseal(*sealed)
    if private is SealFault.NO_KEY:
        known_keys = f"those set are {', '.join(keyring.ids)}" if keyring else "no keys are set"
        origin = _describe_origin(sealed.secured)
        _refuse(f"no key is set for this seal, which {origin}; {known_keys}", EXIT_NO_KEY)
    if private is SealFault.ALTERED:
        problem = f"the seal does not open for article {sealed.article_id}"
        _refuse(f"{problem}: it was altered, or it belongs to another article", EXIT_ALTERED)
    return private


def _read(content: bytes, article_id: str | None) -> _Sealed:
    """Reads the seal and its article id. Exits with code 2 if either is missing."""
    record = _parse(content)
    secured, sealed_id = record.get("secured"), article_id or record.get("id")
    version = record.get("schemaVersion", SCHEMA_VERSION)
    if not isinstance(secured, str) or not secured:
        _refuse("the record contains no seal: `secured` is missing or is not text", EXIT_UNUSABLE)
    if not isinstance(sealed_id, str) or not _ARTICLE_ID.fullmatch(sealed_id):
        _refuse("no article id: give it with --id, as 32 lower-case hex digits", EXIT_UNUSABLE)
    if not isinstance(version, int):
        _refuse("`schemaVersion` of the record is not a whole number", EXIT_UNUSABLE)
    return _Sealed(secured, sealed_id, version)


def _parse(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        _refuse("the input is larger than 1 MiB: give one record", EXIT_UNUSABLE)
    try:
        text = content.decode("utf-8-sig").strip()
        if text.startswith("---"):
            return loads(text)
        # A field that is copied from JSON may be in quotes.
        return orjson.loads(text) if text.startswith("{") else {"secured": text.strip('"')}
    except UnicodeDecodeError:
        _refuse("the input is neither a record nor a seal: it is not UTF-8", EXIT_UNUSABLE)
    except (orjson.JSONDecodeError, FrontMatterError) as error:
        _refuse(f"the input is not one record: {error}", EXIT_UNUSABLE)


def _describe_origin(secured: str) -> str:
    """Which key made a seal. A seal of Newsloom ends with the id of its key."""
    if re.fullmatch(r"[^;]*;[^;]*;[0-9a-f]{8}", secured):
        return f"key {secured[-8:]} made"
    return "was not made by Newsloom"


def _refuse(message: str, code: int) -> NoReturn:
    print_error(message)
    raise click.exceptions.Exit(code)
