"""Log lines about single records, by which one record can be followed through both workers.

Both workers log the article id and where they read the record: topic-partition@offset. Dead letters
and slow records are logged at level info, all others at debug. No line contains a payload.
"""

import logging

from newsloom.observability.logs import fields
from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.process import Enriched, Result
from newsloom.records.faults import Fault
from newsloom.runtimes.kafka.clients.messages import Incoming

SLOW_ENRICH_S = 5.0
SLOW_CURATE_S = 0.5

log = logging.getLogger(__name__)


def is_wanted() -> bool:
    """Whether any line may be logged. Call it once per batch."""
    return log.isEnabledFor(logging.INFO)


def log_enriched(record: Incoming, enriched: Enriched, images_s: float) -> None:
    """Logs the result of enriching a record, which waited `images_s` seconds for its images."""
    place, arrival = _place(record), enriched.arrival
    if isinstance(arrival, Fault):
        _log_dead_letter(place, None, arrival, enriched.source)
    elif images_s > SLOW_ENRICH_S:
        extra = fields(input=place, id=_id_of(arrival), images_s=round(images_s, 3))
        log.info("slow record: it waited for its images", extra=extra)
    else:
        extra = fields(input=place, id=_id_of(arrival), source=enriched.source)
        log.debug("enriched", extra=extra)


def log_curated(record: Incoming, result: Result, seconds: float) -> None:
    """Logs the result of curating a record, and how long that took."""
    place = _place(record)
    ident = record.key.decode("utf-8", "replace") if record.key else None
    if result.fault is not None:
        return _log_dead_letter(place, ident, result.fault, result.source)
    extra = fields(
        input=place,
        id=ident,
        outcome=result.outcome and result.outcome.value,
        published=len(result.curated),
        seconds=round(seconds, 6),
    )
    if seconds > SLOW_CURATE_S:
        log.info("slow record: it took long to curate", extra=extra)
    else:
        log.debug("curated", extra=extra)


def log_given_up(place: str, fault: Fault) -> None:
    """Logs that a bug ended work which the records before `place` had left."""
    log.error("gave up work of earlier records", extra=fields(before=place, detail=fault.detail))


def _log_dead_letter(place: str, ident: str | None, fault: Fault, source: str | None) -> None:
    extra = fields(
        input=place,
        id=ident,
        reason=fault.reason.value,
        stage=fault.stage.value,
        field=fault.field,
        source=source,
        detail=fault.detail,
    )
    log.info("dead letter", extra=extra)


def _place(record: Incoming) -> str:
    return f"{record.topic}-{record.partition}@{record.offset}"


def _id_of(arrival: Arrival) -> str:
    if isinstance(arrival, WithdrawalArrival):
        return arrival.article_ids[0]
    return arrival.article["id"]
