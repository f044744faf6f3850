"""Sealing: the form of a seal, key rotation, and seals in a lane."""

import base64
import hmac
import itertools
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from prometheus_client import generate_latest

from newsloom.adapters.sealing.keyring import Keyring, SealFault, SealingKey
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.decode import Decoded, decode_record
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.parse_json import parse_json
from newsloom.pipeline.sealing import Seal, Sealer, seal_private
from newsloom.records.curated import SCHEMA_VERSION
from newsloom.records.event import ArticleEvent
from newsloom.records.faults import Outcome
from newsloom.rules.topics import TopicIndex
from tests.support.canary import BAD, CANARY, GOOD
from tests.support.lanes import START_S, event
from tests.support.pipeline import Pipeline, Taken

OLD, NEW, OTHER = (SealingKey(bytes([n]) * 32) for n in (1, 2, 3))
IDENT = "0123456789abcdef" * 2
DESK = {"desk": "night", "fee": 120}
REVERSED = {"fee": 120, "desk": "night"}


def _open(keyring: Keyring, seal: Seal, ident: str = IDENT) -> object:
    return keyring.unseal(seal.secured, ident, SCHEMA_VERSION)


def test_the_form_of_a_seal_is_stable_across_releases() -> None:
    """Records outlive releases, so a seal made by any release must stay readable."""
    assert Keyring([OLD]).seal({"b": 1, "a": "é"}, IDENT) == Seal(
        secured="FZl5UyUv55GGQwM9/WYRTOj9A9YChiLppY8oJVSVugw=;6Yfsv+JptukGeue3;8ae52ad7",
        digest="4cbabd6362f82e19cba6a2292d74a412",
    )


def test_a_seal_is_made_as_documented() -> None:
    """Makes the seal as docs/sealing.md describes, with the standard library where possible."""
    plaintext, associated = b'{"desk":"night","fee":120}', f"{IDENT};1".encode()
    nonce = hmac.digest(_derive("nonce"), associated + b"\0" + plaintext, "sha256")[:12]
    ciphertext = AESGCM(_derive("encryption")).encrypt(nonce, plaintext, associated)
    parts = [base64.b64encode(ciphertext).decode(), base64.b64encode(nonce).decode()]
    assert Keyring([OLD]).seal(DESK, IDENT).secured == ";".join([*parts, _derive("id")[:4].hex()])


def _derive(use: str) -> bytes:
    extracted = hmac.digest(b"\0" * 32, b"\1" * 32, "sha256")  # RFC 5869, 2.2
    return hmac.digest(extracted, f"newsloom sealing v1 {use}".encode() + b"\1", "sha256")


def test_equal_objects_of_one_article_have_equal_seals() -> None:
    keyring = Keyring([OLD])
    seal = keyring.seal({"a": 1, "b": {"c": 2, "d": 3}}, IDENT)
    assert keyring.seal({"b": {"d": 3, "c": 2}, "a": 1}, IDENT) == seal
    assert (
        Keyring([SealingKey(bytes([1]) * 32)]).seal({"a": 1, "b": {"c": 2, "d": 3}}, IDENT) == seal
    )


def test_a_nonce_is_used_for_one_input_only() -> None:
    objects: list[dict[str, Any]] = [{}, {"a": 1}, {"a": 2}, {"b": 1}, {"a": "1"}]
    idents = [IDENT, IDENT[::-1]]
    seals = [
        Keyring([key]).seal(private, ident)
        for key, private, ident in itertools.product((OLD, NEW), objects, idents)
    ]
    assert len({seal.secured.split(";")[1] for seal in seals}) == len(seals)
    assert len({seal.digest for seal in seals}) == len(seals)


def test_the_newest_key_seals_and_all_keys_open() -> None:
    before, after = Keyring([OLD]), Keyring([OLD, NEW])
    old, new = before.seal(DESK, IDENT), after.seal(DESK, IDENT)
    assert (old.secured[-8:], new.secured[-8:]) == (OLD.id, NEW.id)
    assert _open(after, old) == _open(after, new) == DESK
    assert _open(before, new) is SealFault.NO_KEY
    assert _open(Keyring([NEW]), old) is SealFault.NO_KEY


# reason: (a seal, its fault)
FOREIGN = {
    "two parts, the form of other systems": ("AAAA;BBBB", SealFault.NO_KEY),
    "no parts": ("AAAA", SealFault.NO_KEY),
    "empty": ("", SealFault.NO_KEY),
    "an unknown key": (f"AAAA;BBBB;{OTHER.id}", SealFault.NO_KEY),
    "only our key's id": (OLD.id, SealFault.ALTERED),
    "a part missing": (f"AAAA;{OLD.id}", SealFault.ALTERED),
    "a part too many": (f"AAAA;BBBB;CCCC;{OLD.id}", SealFault.ALTERED),
    "empty parts": (f";;{OLD.id}", SealFault.ALTERED),
    "not base64": (f"é;!;{OLD.id}", SealFault.ALTERED),
    "half of a surrogate pair": (f"\ud800;AAAA;{OLD.id}", SealFault.ALTERED),
    "a long nonce": (f"{'A' * 64};{'A' * 64};{OLD.id}", SealFault.ALTERED),
}


@pytest.mark.parametrize("reason", FOREIGN)
def test_a_seal_of_another_key_and_an_altered_seal_have_different_faults(reason: str) -> None:
    secured, fault = FOREIGN[reason]
    assert Keyring([OLD, NEW]).unseal(secured, IDENT, SCHEMA_VERSION) is fault


@pytest.mark.parametrize("note", ["", "n", "nn"], ids=["no padding", "=", "=="])
def test_a_seal_with_a_flipped_bit_does_not_open(note: str) -> None:
    keyring = Keyring([OLD, NEW])
    secured = keyring.seal({"n": note}, IDENT).secured
    for place, letter in enumerate(secured):
        for bit in range(8):
            flipped = secured[:place] + chr(ord(letter) ^ 1 << bit) + secured[place + 1 :]
            assert isinstance(keyring.unseal(flipped, IDENT, SCHEMA_VERSION), SealFault), flipped


def test_a_key_shows_its_secret_only_in_its_line() -> None:
    secret = OLD.line.partition(":")[2]
    assert secret not in repr(OLD) + str(OLD) + repr(Keyring([OLD])) + repr(vars(Keyring([OLD])))
    assert SealingKey.from_line(OLD.line) is not None


# The following tests run a lane.


def _pipeline(sealer: Sealer | None, state: State | None = None) -> Pipeline:
    return Pipeline(state or State(), Catalogue({}, TopicIndex([]), "none"), "trust", sealer)


def _report(pipeline: Pipeline, **fields: Any) -> Taken:
    return pipeline.take(event("a.example/1", "Ferry aground", **fields), START_S)


class _FakeSealer:
    """Makes readable seals, so that a test can check the object and the article id."""

    def seal(self, private: dict[str, Any], article_id: str) -> Seal:
        return Seal(f"{article_id}:{private}", "digest")


def test_a_new_seal_replaces_the_seal_of_the_event() -> None:
    (record,) = _report(_pipeline(_FakeSealer()), private=DESK, secured="AAAA;BBBB").curated
    assert record["secured"] == f"{record['id']}:{DESK}"


# reason: (fields of the event, its seal as published without a key, whether private was dropped)
WITHOUT_KEY: dict[str, tuple[dict[str, Any], str | None, bool]] = {
    "private": ({"private": DESK}, None, True),
    "an empty object": ({"private": {}}, None, True),
    "private beside a seal": ({"private": DESK, "secured": "AAAA;BBBB"}, "AAAA;BBBB", True),
    "a seal": ({"secured": "AAAA;BBBB"}, "AAAA;BBBB", False),
    "a seal of an unknown key": ({"secured": "A;B;0a0a0a0a"}, "A;B;0a0a0a0a", False),
    "nothing": ({}, None, False),
    "null": ({"private": None}, None, False),
}


@pytest.mark.parametrize("reason", WITHOUT_KEY)
def test_without_a_key_the_private_object_is_dropped(reason: str) -> None:
    fields, secured, is_dropped = WITHOUT_KEY[reason]
    result = _report(pipeline := _pipeline(None), **fields)
    assert result.curated[0].get("secured") == secured
    assert result.result.has_dropped_private == is_dropped
    bare = {name: value for name, value in fields.items() if name != "private"}
    assert _report(pipeline, **bare).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("sealer", [None, Keyring([OLD])], ids=["no key", "a key"])
def test_a_seal_of_another_system_is_not_changed(sealer: Sealer | None) -> None:
    foreign = "bm90IG91cnM=;c29tZWJvZHkgZWxzZQ=="
    assert _report(_pipeline(sealer), secured=foreign).curated[0].get("secured") == foreign


# reason: (the keys and private object at first, those of the second event, its outcome)
AGAIN: dict[str, tuple[list[SealingKey], object, list[SealingKey], object, Outcome]] = {
    "the same again": ([OLD], DESK, [OLD], DESK, Outcome.UNCHANGED),
    "names in another order": ([OLD], DESK, [OLD], REVERSED, Outcome.UNCHANGED),
    "only private changed": ([OLD], DESK, [OLD], {"desk": "day"}, Outcome.CURATED),
    "private removed": ([OLD], DESK, [OLD], None, Outcome.CURATED),
    "private added": ([OLD], None, [OLD], DESK, Outcome.CURATED),
    "rotated": ([OLD], DESK, [OLD, NEW], DESK, Outcome.UNCHANGED),
    "rotated twice": ([OLD, NEW], DESK, [OLD, NEW, OTHER], DESK, Outcome.UNCHANGED),
    "rotated, and changed": ([OLD], DESK, [OLD, NEW], {"desk": "day"}, Outcome.CURATED),
    "the oldest key removed": ([OLD, NEW], DESK, [NEW], DESK, Outcome.CURATED),
    "the first key set": ([], DESK, [OLD], DESK, Outcome.CURATED),
    "no key, private changed": ([], DESK, [], {"desk": "day"}, Outcome.UNCHANGED),
}


@pytest.mark.parametrize("reason", AGAIN)
def test_a_repeated_event_is_a_new_revision_if_its_private_object_changed(reason: str) -> None:
    keys, private, later_keys, later_private, outcome = AGAIN[reason]
    pipeline = _pipeline(Keyring(keys) if keys else None)
    assert _report(pipeline, private=private).outcome is Outcome.CURATED
    later = _pipeline(Keyring(later_keys) if later_keys else None, pipeline.state)
    assert _report(later, private=later_private).outcome is outcome


@pytest.mark.parametrize("sealer", [None, _FakeSealer()], ids=["no key", "a key"])
def test_later_steps_do_not_receive_the_private_object(sealer: Sealer | None) -> None:
    decoded = decode_record(event("a.example/1", "Ferry aground", private=DESK))
    assert isinstance(decoded, Decoded)
    assert isinstance(decoded.event, ArticleEvent)
    assert seal_private(decoded.event, sealer)[0].private is None


@pytest.mark.parametrize("sealer", [None, Keyring([OLD])], ids=["no key", "a key"])
def test_no_metric_contains_private_values(sealer: Sealer | None) -> None:
    metrics, pipeline = Metrics("run"), _pipeline(sealer)
    for line in (*map(orjson.dumps, GOOD), *BAD):
        metrics.count(pipeline.take(parse_json(line), START_S).result)
    metrics.commit()
    exposed = generate_latest(metrics.registry).decode()
    assert f"newsloom_private_dropped_total {0 if sealer else 3}.0" in exposed
    assert CANARY not in exposed


def test_the_lane_receives_no_private_values() -> None:
    pipeline = _pipeline(Keyring([OLD]))
    _report(pipeline, private=DESK)
    rows = repr(list(pipeline.state.rows()))
    assert "secured" in rows
    assert "night" not in rows
    assert "desk" not in rows
