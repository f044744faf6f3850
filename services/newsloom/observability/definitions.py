"""Every metric of the service, with its labels, its buckets and what an operator should conclude.

In: nothing. Out: declarations, from which `Metrics` creates the metrics of a process and
`metrics_page` writes `docs/metrics.md`. Units are base units. The values of each label are a closed
list or a bounded one.

Counters cover one process and start at 0 with it. Values that must survive the process are stored
in the rows of a lane and are exposed as gauges.
"""

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from newsloom.observability.labels import CURATE, ENRICH, RUN

M = TypeVar("M", Counter, Gauge, Histogram)


@dataclass(frozen=True, slots=True, eq=False)
class MetricDefinition(Generic[M]):
    """A metric.

    `set_by` names the processes that set it. `meaning` is its help text: what is counted or
    measured, and what an operator should conclude from it.
    """

    kind: type[M]
    name: str
    set_by: tuple[str, ...]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0)
"""Upper bounds, from a commit on a local broker to just below 60 s, at which a batch fails."""
_ARRIVAL_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21_600.0)
"""Upper bounds around the objective of 60 s. Arrival times have a resolution of one second."""

# What happens to inputs.
RECORDS = MetricDefinition(
    Counter,
    "newsloom_records_total",
    (ENRICH, CURATE, RUN),
    "Records that a stage has read from its input and committed. No rise at enrich: no input "
    "arrives, or enrich does not work. A rise at enrich but not at curate: curate does not work. "
    "Every lane receives each withdrawal and counts it.",
    ("stage",),
)
INPUTS = MetricDefinition(
    Counter,
    "newsloom_inputs_total",
    (ENRICH, CURATE, RUN),
    "Inputs by outcome. The counts of all workers add up to all inputs. Enrich counts only the "
    "inputs that it dead-letters or passes. A growing share of `dead-lettered`: a crawler or "
    "Newsloom has a bug; see newsloom_dead_letters_total.",
    ("outcome",),
)
COMMITTED_INPUTS = MetricDefinition(
    Gauge,
    "newsloom_committed_inputs",
    (CURATE, RUN),
    "Inputs of a lane by outcome, since the lane was created, as the lane's committed row counts "
    "them. The count survives restarts. Its sum, the dead letters of enrich and "
    "what passed unread at enrich must equal the number of inputs produced: check this with "
    "committed_inputs, not with the counters.",
    ("lane", "outcome"),
)
UNACCOUNTED_INPUTS = MetricDefinition(
    Gauge,
    "newsloom_unaccounted_inputs",
    (CURATE, RUN),
    "Inputs that this process read for a lane, minus those that the lane's row has counted since "
    "the process started. Any value other than 0 is a bug in Newsloom: an input was lost or "
    "counted twice. Please report it.",
    ("lane",),
)
DEAD_LETTERS = MetricDefinition(
    Counter,
    "newsloom_dead_letters_total",
    (ENRICH, CURATE, RUN),
    "Inputs that could not be curated. A rise of one reason from one source: that crawler has a "
    "bug. The reason `internal-error`: Newsloom has a bug. The reason `poison`: each attempt to "
    "process the input ended the process. `newsloom tail dead-letters.v1` shows the inputs.",
    ("reason", "stage", "source"),
)
SOURCE_INPUTS = MetricDefinition(
    Counter,
    "newsloom_source_inputs_total",
    (ENRICH,),
    "Inputs of the crawlers that newsloom_dead_letters_total names, from their first dead letter "
    "in this process on. If the dead letters of a crawler rise as fast, all its events fail, "
    "however small its share of all events is.",
    ("source",),
)
FAULTY_FIELDS = MetricDefinition(
    Counter,
    "newsloom_faulty_fields_total",
    (ENRICH, RUN),
    "Optional fields that were dropped because of a fault. Their articles were curated without "
    "them. A rise: a crawler has changed what it sends in this field.",
    ("field",),
)
PRIVATE_DROPPED = MetricDefinition(
    Counter,
    "newsloom_private_dropped_total",
    (ENRICH, RUN),
    "Events whose private object was dropped, because no sealing key is set. If keys should be "
    "set, any value other than 0 means that the keys are missing: see docs/sealing.md.",
)
PUBLICATIONS = MetricDefinition(
    Counter,
    "newsloom_publications_total",
    (CURATE, RUN),
    "Records that were published, including tombstones. Many more publications than inputs: "
    "stories change often, or one very large story grows.",
    ("kind",),
)
DUPLICATES = MetricDefinition(
    Counter,
    "newsloom_duplicates_total",
    (CURATE, RUN),
    "Articles that were found to be duplicates of another article. If nearly all inputs suddenly "
    "become duplicates, a crawler sends the same article under many URLs.",
)
STORY_MERGES = MetricDefinition(
    Counter,
    "newsloom_story_merges_total",
    (CURATE, RUN),
    "Stories that were merged into another story. A burst: something links unrelated stories, such "
    "as the same boilerplate text in all excerpts of an outlet.",
)

# How long it takes.
ARRIVAL_TO_PUBLICATION = MetricDefinition(
    Histogram,
    "newsloom_arrival_to_publication_seconds",
    (CURATE,),
    "Time from the arrival of an article event on Kafka to the commit of its curated record. The "
    "objective is 99 % within 60 s. After a pause of the workers the first values show the "
    "backlog.",
    buckets=_ARRIVAL_S,
)
BATCH_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_batch_seconds",
    (ENRICH, CURATE, RUN),
    "Time from the start of a batch to its commit, which is the latency that a stage adds. A "
    "worker ends itself after 60 s of work on a batch. The part that is not "
    "newsloom_transaction_seconds is Newsloom's own work; at enrich it is mostly the wait for "
    "images.",
    ("stage",),
    _SHORT_S,
)
TRANSACTION_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_transaction_seconds",
    (ENRICH, CURATE),
    "Time from the start of a batch's transaction to its commit. A rise comes from the brokers: "
    "slow disks, slow replicas or leader elections.",
    ("stage",),
    _SHORT_S,
)

# Kafka.
TRANSACTIONS_ABORTED = MetricDefinition(
    Counter,
    "newsloom_transactions_aborted_total",
    (ENRICH, CURATE),
    "Transactions that were begun and not committed. Nothing is lost: the batch is processed "
    "again. The worker ends after such a transaction, so the next worker counts it, if `worker "
    "all` or `--restart` starts that one. With other supervisors use restarts, by "
    "process_start_time_seconds. A steady rise: look at the brokers.",
    ("stage",),
)
LAG_RECORDS = MetricDefinition(
    Gauge,
    "newsloom_consumer_lag_records",
    (ENRICH, CURATE),
    "Records that wait in an assigned partition, including the batch in progress. It is an upper "
    "bound, as Kafka's transaction markers are counted too. It is measured on the brokers every "
    "few seconds, independently of the consumer, and missing while no broker answers. Growing at "
    "enrich: add partitions and workers. Growing at curate: a lane is at its limit.",
    ("stage", "partition"),
)
HELD_RECORDS = MetricDefinition(
    Gauge,
    "newsloom_held_records",
    (ENRICH, CURATE),
    "Records of an assigned partition from the start of the oldest open transaction to the end. "
    "They cannot be read, and are not part of newsloom_consumer_lag_records. A value that stays "
    "above 0: a program has begun a transaction and does not end it.",
    ("stage", "partition"),
)
LAG_SECONDS = MetricDefinition(
    Gauge,
    "newsloom_consumer_lag_seconds",
    (ENRICH, CURATE),
    "How old the lag is: the age of the last committed record while others wait, but at most the "
    "time since no record waited; 0 if none waits. A value that keeps growing: the partition is "
    "not processed fast enough, or not at all.",
    ("stage", "partition"),
)
LAST_COMMIT = MetricDefinition(
    Gauge,
    "newsloom_last_commit_timestamp_seconds",
    (ENRICH, CURATE),
    "When the last batch of a partition was committed, or when the worker took over the partition, "
    "in seconds since the epoch. `time()` minus this value is the age of the last commit. A high "
    "age is a problem only while records wait.",
    ("stage", "partition"),
)
ASSIGNED_PARTITIONS = MetricDefinition(
    Gauge,
    "newsloom_assigned_partitions",
    (ENRICH, CURATE),
    "Partitions that are assigned to a worker and ready. 0: the worker stands by, or it is "
    "rebalancing or restoring. The sum over all workers must be the number of partitions of the "
    "topic. If it is lower for longer than a restore takes, some partitions are not processed.",
    ("stage",),
)
REBALANCES = MetricDefinition(
    Counter,
    "newsloom_rebalances_total",
    (ENRICH, CURATE),
    "Completed assignments of partitions. If it rises while no worker starts or stops, workers "
    "drop out of their group because they lack processor time or network.",
    ("stage",),
)
WORKER_WAITING = MetricDefinition(
    Gauge,
    "newsloom_worker_waiting",
    (ENRICH, CURATE),
    "1 for the reason why a worker does not process some partition, once it has lasted 10 seconds; "
    "0 for all others. `/readyz` and the log name the cause and the fix. The worker goes on by "
    "itself when the cause is gone; what needs an operator is in newsloom_stopped_partitions.",
    ("stage", "reason"),
)
STOPPED_PARTITIONS = MetricDefinition(
    Gauge,
    "newsloom_stopped_partitions",
    (ENRICH, CURATE),
    "1 for an assigned partition that the worker does not process, with the reason; else 0. The "
    "worker's other partitions go on. `/readyz` names the offset, the cause and the mend.",
    ("stage", "partition", "reason"),
)
PASSED_OFFSETS = MetricDefinition(
    Gauge,
    "newsloom_passed_offsets",
    (ENRICH, CURATE),
    "Offsets of an input partition that nobody has read: they were gone before, or an operator "
    "stepped over them. The number is committed with the position and survives restarts. It is at "
    "least that of the inputs, because the markers of transactions occupy offsets too. At curate "
    "the lane's row counts them too, see newsloom_committed_inputs.",
    ("stage", "partition"),
)
RECORDS_IN_FLIGHT = MetricDefinition(
    Gauge,
    "newsloom_records_in_flight",
    (ENRICH, CURATE),
    "Records that were fetched and are not committed yet. If the value is above 0 and does not "
    "change for a long time, the batch is stuck.",
    ("stage",),
)
BACKPRESSURE_SECONDS = MetricDefinition(
    Counter,
    "newsloom_backpressure_seconds_total",
    (ENRICH, CURATE),
    "Time in which a worker fetched no records, because it was processing some. Its rate is the "
    "share of time at work. Near 1: the worker is at its limit, and records wait on the brokers.",
    ("stage",),
)

# Lanes.
RESTORE_PROGRESS = MetricDefinition(
    Gauge,
    "newsloom_restore_progress_ratio",
    (CURATE,),
    "The part of a lane's state that is restored, from 0 to 1. While it is below 1 the lane "
    "publishes nothing.",
    ("lane",),
)
RESTORE_SECONDS = MetricDefinition(
    Gauge,
    "newsloom_restore_seconds",
    (CURATE,),
    "How long the last restore of a lane took, or has taken so far. It grows with the size of the "
    "lane and with a lack of processor time. After 600 s the worker ends itself.",
    ("lane",),
)
LIVE_ARTICLES = MetricDefinition(
    Gauge,
    "newsloom_live_articles",
    (CURATE, RUN),
    "Live articles of a lane. Memory and restore time grow with this number. It stays level after "
    "ten days of steady input.",
    ("lane",),
)
LIVE_STORIES = MetricDefinition(
    Gauge,
    "newsloom_live_stories",
    (CURATE, RUN),
    "Stories of a lane with a live article. Nearly as many stories as articles: articles are not "
    "grouped. Only a few stories: unrelated articles are grouped.",
    ("lane",),
)
LANE_CAP = MetricDefinition(
    Gauge,
    "newsloom_lane_cap_articles",
    (CURATE, RUN),
    "The greatest number of live articles that a lane can hold. When newsloom_live_articles "
    "reaches it, the oldest articles leave the window before their ten days, and new articles are "
    "no longer grouped with them. Move some languages to other lanes before that.",
    ("lane",),
)

# Images and the web.
IMAGE_VERDICTS = MetricDefinition(
    Counter,
    "newsloom_image_verdicts_total",
    (CURATE, RUN),
    "Images of articles by verdict. An image is counted once for each article event with it, "
    "also if the event changes nothing. A jump of `unreachable` or `timeout` for all outlets: our "
    "own connection to the web is broken.",
    ("verdict",),
)
IMAGELESS_ARTICLES = MetricDefinition(
    Counter,
    "newsloom_imageless_articles_total",
    (CURATE, RUN),
    "Articles that were curated without a usable image, by the verdict on their first image; "
    "`none-given` if they had no image. A jump of one verdict: a crawler or outlet has changed its "
    "images, or our own connection to the web is broken.",
    ("verdict",),
)
IMAGE_LOOKUPS = MetricDefinition(
    Counter,
    "newsloom_image_lookups_total",
    (ENRICH, RUN),
    "Lookups of images by how they were answered. The share of `cached` is the hit rate of the "
    "cache. Many `declined`: hosts with images of many articles are down or too slow.",
    ("answer",),
)
IMAGE_FETCH_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_image_fetch_seconds",
    (ENRICH, RUN),
    "How long the fetch of an image took, including retries, without the waits for a turn at its "
    "host, whatever its result. A rise for all outlets: our own network is slow; check DNS first.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
IMAGE_FETCHES_IN_FLIGHT = MetricDefinition(
    Gauge,
    "newsloom_image_fetches_in_flight",
    (ENRICH, RUN),
    "Requests for images that are being answered now, at most 100. Near 100 for a long time: "
    "enrich waits for the web, and more enrich workers help.",
)
BLOCKED_REQUESTS = MetricDefinition(
    Counter,
    "newsloom_blocked_requests_total",
    (ENRICH, RUN),
    "Requests that the guard refused, including redirects to a blocked address. A rise: a crawler "
    "sends URLs that point into a private network. The log at level `info` names the hosts.",
)

# The process.
LOOP_LAG = MetricDefinition(
    Gauge,
    "newsloom_event_loop_lag_seconds",
    (ENRICH, CURATE),
    "The longest delay of a timer of the event loop in the last 15 seconds, or its present delay "
    "if that is longer. Several seconds: the process lacks processor time, or one computation "
    "takes too long. `/healthz` fails if the delay goes on.",
    ("stage",),
)
BUILD_INFO = MetricDefinition(
    Gauge,
    "newsloom_build_info",
    (ENRICH, CURATE, RUN),
    "Always 1. The label names the version of the program that is running. Two versions for longer "
    "than a roll-out takes: the roll-out is stuck.",
    ("stage", "version"),
)
CATALOGUE_INFO = MetricDefinition(
    Gauge,
    "newsloom_catalogue_info",
    (ENRICH, RUN),
    "Always 1. The label names the version of the catalogue that is in use. Two versions for a "
    "long time: a worker did not get the new files, or refused them; its log says why.",
    ("version",),
)

AnyMetricDefinition: TypeAlias = (
    MetricDefinition[Counter] | MetricDefinition[Gauge] | MetricDefinition[Histogram]
)

ALL: tuple[AnyMetricDefinition, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, MetricDefinition)
)
"""All metrics, in the order of their declaration."""
