"""Enriched records: the form of an arrival on its way from enrich to curate.

An arrival is a JSON object, keyed by article id. Encoding and decoding are exact inverses, so that
curating in another process gives the same result.

A record has the form of the lanes that it is for (`pipeline/lane/rows.py`), in the field `form`.
Form 1 has no such field. Its withdrawals hold one id and no `movedVersion`, its articles no
`address`.
"""

from typing import Any, NamedTuple

import orjson

from newsloom.pipeline.arrival import Arrival, ArticleArrival, WithdrawalArrival
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.pipeline.process import Enriched
from newsloom.records.faults import Fault, Reason, Stage


class NewerForm(NamedTuple):
    """The form of a record that only a newer release can read."""

    form: int


def encode_arrival(arrival: Arrival, form: int = FORM) -> tuple[bytes, bytes]:
    """The key and the value of `arrival` as a Kafka record of that form.

    A withdrawal must have one id for form 1.
    """
    fields = _withdrawal(arrival) if isinstance(arrival, WithdrawalArrival) else _article(arrival)
    if form == FORMER_FORM:
        fields = _of_form_1(fields)
    else:
        fields["form"] = form
    return _key(arrival).encode(), orjson.dumps(fields)


def _key(arrival: Arrival) -> str:
    if isinstance(arrival, WithdrawalArrival):
        return arrival.article_ids[0]
    return arrival.article["id"]


def _withdrawal(arrival: WithdrawalArrival) -> dict[str, Any]:
    fields: dict[str, Any] = {"withdrawn": arrival.article_ids, "isCounted": arrival.is_counted}
    if arrival.moved_version is not None:
        fields["movedVersion"] = arrival.moved_version
    return fields


def _of_form_1(fields: dict[str, Any]) -> dict[str, Any]:
    if "withdrawn" in fields:
        (article_id,) = fields["withdrawn"]
        return {"withdrawn": article_id, "isCounted": fields["isCounted"]}
    return {name: value for name, value in fields.items() if name != "address"}


def _article(arrival: ArticleArrival) -> dict[str, Any]:
    return {
        "article": arrival.article,
        "publishedAt": arrival.published_at,
        "version": arrival.version,
        "arrivedAt": arrival.arrived_at,
        "digest": arrival.digest,
        "vector": arrival.vector,
        "titleTerms": arrival.title_terms,
        "imageChecks": arrival.image_checks,
        "unillustratedQuality": arrival.unillustrated_quality,
        "address": arrival.address,
    }


def decode_arrival(value: bytes | None) -> Enriched | NewerForm:
    """The arrival that `encode_arrival` encoded; a fault for any other value."""
    try:
        fields: dict[str, Any] = orjson.loads(value or b"")
        form = fields.get("form", FORMER_FORM)
        if isinstance(form, int) and form > FORM:
            return NewerForm(form)
        if "withdrawn" in fields:
            return Enriched(_decode_withdrawal(fields))
        arrival = ArticleArrival(
            article=fields["article"],
            published_at=fields["publishedAt"],
            version=fields["version"],
            arrived_at=fields["arrivedAt"],
            digest=fields["digest"],
            vector=fields["vector"],
            title_terms=fields["titleTerms"],
            image_checks=fields.get("imageChecks"),
            unillustrated_quality=fields.get("unillustratedQuality"),
            address=fields.get("address", ""),
        )
        return Enriched(arrival, source=arrival.article.get("source"))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        detail = f"not what enrich writes: {type(error).__name__}: {error}"
        return Enriched(Fault(Reason.NOT_AN_OBJECT, None, detail, Stage.CURATE))


def _decode_withdrawal(fields: dict[str, Any]) -> WithdrawalArrival:
    withdrawn = fields["withdrawn"]  # one id in form 1
    ids = (withdrawn,) if isinstance(withdrawn, str) else tuple(withdrawn)
    return WithdrawalArrival(ids, fields["isCounted"], fields.get("movedVersion"))
