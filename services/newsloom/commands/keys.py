"""`newsloom keys`: creates sealing keys, and lists the keys that are set.

Only `new` without a file prints a secret, and only on standard output.
"""

from pathlib import Path

import click

from newsloom.adapters.sealing.key_file import add_key, new_key
from newsloom.bootstrap import build_keyring
from newsloom.settings import Settings


@click.group()
def keys() -> None:
    """Create and list the keys that seal `private` objects.

    Crawlers can send an object `private` with an article event. Newsloom encrypts it with the
    newest key and publishes it as `secured`; without a key it drops the object. See
    docs/sealing.md.
    """


@keys.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path | None) -> None:
    """Create a key and append it to FILE.

    Without FILE the key goes to the file that NEWSLOOM_SEALING_KEYS_FILE (or `sealing_keys_file`
    in newsloom.toml) names. If no file is set either, the key is printed on standard output.

    A new FILE is readable by its owner only. Existing keys stay in the file, so what they sealed
    can still be unsealed. Restart `newsloom run` and `newsloom worker enrich`: they then seal
    with the new key.

    \b
    Exit codes:
      0  the key was written or printed
      1  FILE cannot be written
      2  FILE has a faulty line, or users other than its owner can read it

    \b
    Example:
      newsloom keys new /etc/newsloom/keys
    """
    key, file = new_key(), file or Settings().sealing_keys_file
    if file is None:
        click.echo(key.line)
        return
    add_key(file, key)
    click.echo(f"key {key.id} was added to {file}; restart Newsloom to seal with it")


@keys.command("list")
def list_keys() -> None:
    """List the ids of the keys that are set, oldest first.

    Each line holds a key id and what the key does: every key unseals, and the newest key, on the
    last line, also seals. Secrets are never printed.

    \b
    Exit codes:
      0  the ids were listed, or no keys are set
      2  the keys that are set are not usable
    """
    keyring = build_keyring(Settings())
    if keyring is None:
        click.echo("no sealing keys are set: `private` objects are dropped")
        return
    *older, newest = keyring.ids
    for key_id in older:
        click.echo(f"{key_id}  unseals")
    click.echo(f"{newest}  seals, unseals")
