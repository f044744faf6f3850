"""`newsloom unseal`: a curated record or its `secured` in, what was private out."""

import re
from typing import Any, BinaryIO, NamedTuple, NoReturn

import click
import orjson

from newsloom.adapters.front_matter import FrontMatterError, loads
from newsloom.adapters.sealing.keyring import SealFault
from newsloom.bootstrap import build_keyring
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


@click.command()
@click.argument("file", type=click.File("rb"), default="-", metavar="[FILE]")
@click.option("--id", "article_id", help="The id of the article, for a seal without its record.")
def unseal(file: BinaryIO, article_id: str | None) -> None:
    """Print what was private in the curated record in FILE, or on standard input, as JSON.

    FILE holds one record, as JSON or with front matter, or the bare text of its `secured`.

    Exits 3 when no key is set that opens the seal; 4 when the seal was altered, or belongs to
    another article; 2 for what is no sealed record.
    """
    sealed = _read(file.read(MAX_BYTES + 1), article_id)
    keyring = build_keyring(Settings())
    private = SealFault.NO_KEY if keyring is None else keyring.unseal(*sealed)
    if private is SealFault.NO_KEY:
        held = f"those set are {', '.join(keyring.ids)}" if keyring else "no keys are set"
        _refuse(f"no key for this seal, which {_maker(sealed.secured)}; {held}", EXIT_NO_KEY)
    if private is SealFault.ALTERED:
        words = f"the seal is not as it was made for article {sealed.article_id}"
        _refuse(f"{words}: it was altered, or belongs to another article", EXIT_ALTERED)
    click.echo(orjson.dumps(private, option=orjson.OPT_INDENT_2).decode())


def _read(content: bytes, article_id: str | None) -> _Sealed:
    """What is to be unsealed. Exits for what holds no seal of an article."""
    if len(content) > MAX_BYTES:
        _refuse("larger than 1 MiB: give one record", EXIT_UNUSABLE)
    try:
        text = content.decode("utf-8-sig").strip()
        if text.startswith("{"):
            record: dict[str, Any] = orjson.loads(text)
        elif text.startswith("---"):
            record = loads(text)
        else:
            record = {"secured": text.strip('"')}  # as a field cut out of JSON may have
    except UnicodeDecodeError:
        _refuse("neither a record nor a seal: it is not UTF-8", EXIT_UNUSABLE)
    except (orjson.JSONDecodeError, FrontMatterError) as error:
        _refuse(f"not one record: {error}", EXIT_UNUSABLE)
    secured, ident = record.get("secured"), article_id or record.get("id")
    version = record.get("schemaVersion", SCHEMA_VERSION)
    if not isinstance(secured, str) or not secured:
        _refuse("nothing is sealed in it: it has no text in `secured`", EXIT_UNUSABLE)
    if not isinstance(ident, str) or not _ARTICLE_ID.fullmatch(ident):
        _refuse("a seal is of one article: name its id, 32 hex digits, with --id", EXIT_UNUSABLE)
    if not isinstance(version, int):
        _refuse("its `schemaVersion` is not a whole number", EXIT_UNUSABLE)
    return _Sealed(secured, ident, version)


def _maker(secured: str) -> str:
    """Who made a seal, as far as its form tells."""
    if re.fullmatch(r"[^;]*;[^;]*;[0-9a-f]{8}", secured):
        return f"key {secured[-8:]} made"
    return "was not made here"


def _refuse(words: str, code: int) -> NoReturn:
    click.echo(f"newsloom: {words}", err=True)
    raise click.exceptions.Exit(code)
