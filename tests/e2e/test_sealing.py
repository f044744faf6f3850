"""`private` objects from the event to `newsloom unseal`, with the commands only.

The tests use a canary text as the private content, and search for it in all files and all output
of a run.
"""

import json
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.support.canary import BAD, BAD_DOCUMENTS, CANARY, GOOD, article
from tests.support.runs import Ended, finish, payloads, records, run, start, write_lines

FILE, KEYS = "NEWSLOOM_SEALING_KEYS_FILE", "NEWSLOOM_SEALING_KEYS"


def newsloom(
    *arguments: object, given: str = "", environment: Mapping[str, object] | None = None
) -> Ended:
    """Runs a command to its end. `given` is its standard input; `environment` adds variables."""
    command, *others = arguments
    variables = {name: str(value) for name, value in (environment or {}).items()}
    process = start(*others, command=str(command), environment=variables, stdin=subprocess.PIPE)
    return finish(process, given.encode())


def _write(path: Path, *events: dict[str, Any]) -> Path:
    return write_lines(path, [json.dumps(event).encode() for event in events])


def test_seal_rotate_unseal(tmp_path: Path) -> None:
    keys, out = tmp_path / "keys", tmp_path / "out"
    private = {"desk": CANARY, "fee": 120}
    first = newsloom("keys", "new", keys)
    assert (first.code, first.err) == (0, "")
    before = keys.read_bytes()
    _run(_write(tmp_path / "1.jsonl", article(1, private=private)), out, keys)

    second = newsloom("keys", "new", environment={FILE: keys})
    assert second.code == 0
    assert keys.read_bytes().startswith(before)
    assert keys.stat().st_mode & 0o777 == 0o600
    ids = [ended.out.split()[1] for ended in (first, second)]
    listed = newsloom("keys", "list", environment={FILE: keys})
    assert listed == Ended(0, f"{ids[0]}  unseals\n{ids[1]}  seals, unseals\n", "")

    # A replayed event gives no new revision. A new event is sealed with the new key.
    events = article(1, private=private), article(2, private=private)
    _run(_write(tmp_path / "2.jsonl", *events), out, keys, "--format", "front-matter")
    curated = records(out, "curated.jsonl")
    assert curated[0]["secured"][-8:] == ids[0]
    latest = {record["webUrl"][-1]: record for record in curated}
    assert [latest[number]["secured"][-8:] for number in "12"] == ids

    for record in latest.values():
        whole = newsloom("unseal", given=json.dumps(record), environment={FILE: keys})
        assert (whole.code, whole.err) == (0, "")
        assert json.loads(whole.out) == private
        bare = newsloom(
            "unseal", "--id", record["id"], given=record["secured"], environment={FILE: keys}
        )
        assert bare == whole
        document = out / "articles" / f"{record['id']}.md"
        text = " ".join(keys.read_text().split())
        assert newsloom("unseal", document, environment={KEYS: text}) == whole


@pytest.mark.parametrize(
    "arguments",
    [("run", "events.jsonl", "--output", "out"), ("worker", "all"), ("keys", "list"), ("unseal",)],
    ids=lambda arguments: arguments[0],
)
def test_unusable_keys_are_reported_before_any_work(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    secret = newsloom("keys", "new").out.strip()
    (tmp_path / "keys").write_text(f"{secret}\n{secret[9:]}\n")
    paths = [tmp_path / a if a in ("events.jsonl", "out") else a for a in arguments]
    given = '{"secured": "AAAA;BBBB", "id": "' + "0" * 32 + '"}'
    _write(tmp_path / "events.jsonl", article(1))
    refused = newsloom(*paths, given=given, environment={FILE: tmp_path / "keys"})
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1), refused
    assert refused.err.startswith(f"newsloom: {tmp_path / 'keys'}:2: not a key")
    assert secret[9:] not in refused.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("has_key", [True, False], ids=["with a key", "without a key"])
def test_no_private_content_in_files_or_output_of_a_run(tmp_path: Path, has_key: bool) -> None:
    keys, inputs, out = tmp_path / "keys", tmp_path / "in", tmp_path / "out"
    newsloom("keys", "new", keys)
    write_lines(inputs / "1.jsonl", [*(json.dumps(e).encode() for e in GOOD), *BAD])
    head = "---\nwebUrl: https://harbour.example/20\nprivate:\n  "
    for number, text in enumerate(BAD_DOCUMENTS.values()):
        (inputs / f"{number}.md").write_text(f"{head}{text}\n---\n")
    environment = {FILE: str(keys)} if has_key else {}
    arguments = "--output", out, "--format", "front-matter"
    ended = run(inputs, *arguments, environment=environment)
    assert ended.code == 0, ended
    assert ("private objects dropped because no sealing key is set: 3" in ended.out) is not has_key
    secured = {r["webUrl"][-1]: r["secured"] for r in _published(out) if "secured" in r}
    assert sorted(secured) == (["1", "2", "6"] if has_key else ["6"])
    assert (secured["6"] == "AAAA;BBBB") is not has_key

    explained = [
        newsloom("explain", f"https://harbour.example/{n}", "--output", out) for n in "125"
    ]
    assert all(explanation.code == 0 for explanation in explained)
    letters = records(out, "dead-letters.jsonl")
    assert len(letters) == len(BAD) + len(BAD_DOCUMENTS), letters
    assert all(CANARY.encode() in payload for payload in payloads(out))
    for letter in letters:
        del letter["payload"]
    output = [repr(ended), repr(explained), repr(letters), repr(_rows(out))]
    assert [text for text in output if CANARY in text] == []
    stored = dict(_stored(out))
    assert [name for name, content in stored.items() if CANARY.encode() in content] == []
    if has_key:
        secret = keys.read_bytes().strip().partition(b":")[2]
        assert [name for name, content in stored.items() if secret in content] == []
        assert secret.decode() not in "".join(output)


def _published(out: Path) -> list[dict[str, Any]]:
    return [r for r in records(out, "curated.jsonl") if not r.get("withdrawn")]


def _rows(out: Path) -> list[Any]:
    connection = sqlite3.connect(out / "newsloom.db")
    try:
        return connection.execute("SELECT key, value FROM rows").fetchall()
    finally:
        connection.close()


def _stored(out: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of all files in a folder, and the uncompressed chunks of the database, by name."""
    for file in sorted(out.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(out)), file.read_bytes()
    connection = sqlite3.connect(out / "newsloom.db")
    try:
        for name, start, content in connection.execute(
            "SELECT projection, start, content FROM chunks"
        ):
            yield f"{name} from {start}", zstandard.ZstdDecompressor().decompress(content)
    finally:
        connection.close()


def _run(source: Path, out: Path, keys: Path, *flags: str) -> None:
    ended = run(source, "--output", out, "--quiet", *flags, environment={FILE: str(keys)})
    assert ended == Ended(0, "", "")
