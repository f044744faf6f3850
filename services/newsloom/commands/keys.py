"""`newsloom keys`: makes keys for sealing what is private, and says which are in use.

Only `new` without a file prints a secret, and only on standard output.
"""

from pathlib import Path

import click

from newsloom.adapters.sealing.key_file import add_key, new_key
from newsloom.bootstrap import build_keyring
from newsloom.settings import Settings


@click.group()
def keys() -> None:
    """The keys that seal what is private (docs/sealing.md)."""


@keys.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path | None) -> None:
    """Make a key and add it to the end of FILE, else of the file that is set, else print it.

    From the next start on it seals; the keys before it still open what they sealed. A FILE that is
    not there is made, for its owner alone; what is in one that is stays as it is.
    """
    key, file = new_key(), file or Settings().sealing_keys_file
    if file is None:
        click.echo(key.line)
        return
    add_key(file, key)
    click.echo(f"key {key.id} is in {file}; it seals from the next start on")


@keys.command("list")
def list_keys() -> None:
    """Say which keys are set, oldest first, and which of them seals. Shows no secret."""
    keyring = build_keyring(Settings())
    if keyring is None:
        click.echo("no keys are set: what is private is dropped, not sealed")
        return
    *older, newest = keyring.ids
    for key_id in older:
        click.echo(f"{key_id}  unseals")
    click.echo(f"{newest}  seals, unseals")
