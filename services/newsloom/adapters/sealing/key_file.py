"""Reads and writes sealing keys as text.

In: a file or the value of an environment variable, one key `id:secret` a line, oldest first. Out: a
Keyring. A mistake raises an error with the file and the line. It never quotes the line, which may
contain a secret.
"""

import os
from pathlib import Path
from stat import S_IMODE

from newsloom.adapters.failures import KeysError, OutageError
from newsloom.adapters.sealing.keyring import SECRET_BYTES, Keyring, SealingKey

MAX_KEYS_BYTES = 64 * 1024
_SETTING = "NEWSLOOM_SEALING_KEYS"
_NOT_A_KEY = (
    "not a key, or not a complete one; copy the whole line again, as `newsloom keys new` wrote it: "
    "eight hex digits, a colon, 44 characters"
)


def load_keyring(text: str | None, file: Path | None) -> Keyring | None:
    """The keys of a text (separated by commas or white space) or of a file; None without either.

    Raises KeysError if the keys cannot be used. A text or file without any key is an error too:
    otherwise private objects would be dropped silently.
    """
    if text is not None and file is not None:
        raise KeysError(f"{_SETTING} and {_SETTING}_FILE are both set; keep the keys in one place")
    if file is not None:
        text, where = _read(file), str(file)
    elif text is not None:
        text, where = "\n".join(text.replace(",", " ").split()), _SETTING
    else:
        return None
    keys = _parse(text, where)
    if not keys:
        raise KeysError(f"{where} contains no key; add one with `newsloom keys new`")
    return Keyring(keys)


def new_key() -> SealingKey:
    """Creates a key of 256 random bits."""
    return SealingKey(os.urandom(SECRET_BYTES))


def add_key(file: Path, key: SealingKey) -> None:
    """Appends a key to a file. A missing file is created, readable by its owner only.

    The existing content is not changed. Raises KeysError if the file contains a mistake or others
    can read it, and OutageError if it cannot be written.
    """
    is_new = not file.exists()
    before = "" if is_new else _read_private(file)
    flags = os.O_WRONLY | (os.O_CREAT | os.O_EXCL if is_new else os.O_APPEND)
    try:
        with open(os.open(file, flags, 0o600), "a", encoding="ascii") as stream:
            stream.write("\n" if before and not before.endswith("\n") else "")
            stream.write(f"{key.line}\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutageError(f"cannot write {file}: {error.strerror or error}") from error


def _read_private(file: Path) -> str:
    """The text of a key file. Raises KeysError for a mistake in it, or if others can read it."""
    text = _read(file)
    _parse(text, str(file))
    if S_IMODE(file.stat().st_mode) & 0o077:
        raise KeysError(f"{file}: others can read it; run `chmod 600 {file}`")
    return text


def _read(file: Path) -> str:
    try:
        with open(file, "rb") as stream:
            content = stream.read(MAX_KEYS_BYTES + 1)
    except OSError as error:
        fix = f"`newsloom keys new {file}` creates a key file"
        raise KeysError(f"{file}: cannot be read ({error.strerror or error}); {fix}") from error
    if len(content) > MAX_KEYS_BYTES:
        raise KeysError(f"{file}: larger than {MAX_KEYS_BYTES // 1024} KiB; name a key file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise KeysError(f"{file}:{line}: not UTF-8; name a key file") from None


def _parse(text: str, where: str) -> list[SealingKey]:
    """The keys of a text, one a line. Blank lines and lines that begin with # are skipped."""
    keys: list[SealingKey] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key = SealingKey.from_line(line)
        if key is None:
            raise KeysError(f"{where}:{number}: {_NOT_A_KEY}")
        if key.id in lines:
            problem = f"key {key.id} is already on line {lines[key.id]}"
            raise KeysError(f"{where}:{number}: {problem}; remove one of the two")
        lines[key.id] = number
        keys.append(key)
    return keys
