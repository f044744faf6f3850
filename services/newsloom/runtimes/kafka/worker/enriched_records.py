"""Enriched records: the form of an arrival on its way from enrich to curate.

An arrival is a JSON object, keyed by article id. Encoding and decoding are exact inverses, so that
curating in another process gives the same result.
"""

from typing import Any

import orjson

from newsloom.pipeline.arrival import Arrival, ArticleArrival, WithdrawalArrival
from newsloom.pipeline.process import Enriched
from newsloom.records.faults import Fault, Reason, Stage


def encode_arrival(arrival: Arrival) -> tuple[bytes, bytes]:
    """The key and the value of `arrival` as a Kafka record."""
    if isinstance(arrival, WithdrawalArrival):
        ids, is_counted = arrival.article_ids, arrival.is_counted
        withdrawal: dict[str, Any] = {"withdrawn": ids, "isCounted": is_counted}
        if arrival.moved_version is not None:
            withdrawal["movedVersion"] = arrival.moved_version
        return arrival.article_ids[0].encode(), orjson.dumps(withdrawal)
    fields = {
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
    return arrival.article["id"].encode(), orjson.dumps(fields)


def decode_arrival(value: bytes | None) -> Enriched:
    """The arrival that `encode_arrival` encoded; a fault for any other value."""
    try:
        fields: dict[str, Any] = orjson.loads(value or b"")
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
    withdrawn = fields["withdrawn"]  # one id in records of version 0.1
    ids = (withdrawn,) if isinstance(withdrawn, str) else tuple(withdrawn)
    return WithdrawalArrival(ids, fields["isCounted"], fields.get("movedVersion"))
