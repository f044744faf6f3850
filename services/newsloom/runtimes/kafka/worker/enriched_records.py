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
        withdrawal = {"withdrawn": arrival.article_id, "isCounted": arrival.is_counted}
        return arrival.article_id.encode(), orjson.dumps(withdrawal)
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
    }
    return arrival.article["id"].encode(), orjson.dumps(fields)


def decode_arrival(value: bytes | None) -> Enriched:
    """The arrival that `encode_arrival` encoded; a fault for any other value."""
    try:
        fields: dict[str, Any] = orjson.loads(value or b"")
        if "withdrawn" in fields:
            return Enriched(WithdrawalArrival(fields["withdrawn"], fields["isCounted"]))
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
        )
        return Enriched(arrival, source=arrival.article.get("source"))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        detail = f"not what enrich writes: {type(error).__name__}: {error}"
        return Enriched(Fault(Reason.NOT_AN_OBJECT, None, detail, Stage.CURATE))
