"""The log lines of single records, by which one can be followed through both stages.

The article's id is in the lines of both, and so is where each read it: topic-partition@offset.
Dead letters and slow records at level info, all others at debug. Never a payload.
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
    """Whether there may be a line at all: asked once a batch."""
    return log.isEnabledFor(logging.INFO)


def log_enriched(record: Incoming, enriched: Enriched, images_s: float) -> None:
    """What enrichment made of a record, which waited so many seconds for its images."""
    place, arrival = _place(record), enriched.arrival
    if isinstance(arrival, Fault):
        _log_dead_letter(place, None, arrival, enriched.source)
    elif images_s > SLOW_ENRICH_S:
        told = fields(input=place, id=_id_of(arrival), images_s=round(images_s, 3))
        log.info("slow record: it waited for its images", extra=told)
    else:
        log.debug("enriched", extra=fields(input=place, id=_id_of(arrival), source=enriched.source))


def log_curated(record: Incoming, result: Result, seconds: float) -> None:
    """What the lane made of a record in so many seconds."""
    place = _place(record)
    ident = record.key.decode("utf-8", "replace") if record.key else None
    if result.fault is not None:
        return _log_dead_letter(place, ident, result.fault, result.source)
    told = fields(
        input=place,
        id=ident,
        outcome=result.outcome.value,
        published=len(result.curated),
        seconds=round(seconds, 6),
    )
    if seconds > SLOW_CURATE_S:
        log.info("slow record: it took long to curate", extra=told)
    else:
        log.debug("curated", extra=told)


def _log_dead_letter(place: str, ident: str | None, fault: Fault, source: str | None) -> None:
    told = fields(
        input=place,
        id=ident,
        reason=fault.reason.value,
        stage=fault.stage.value,
        field=fault.field,
        source=source,
        detail=fault.detail,
    )
    log.info("dead letter", extra=told)


def _place(record: Incoming) -> str:
    return f"{record.topic}-{record.partition}@{record.offset}"


def _id_of(arrival: Arrival) -> str:
    if isinstance(arrival, WithdrawalArrival):
        return arrival.article_id
    return arrival.article["id"]
