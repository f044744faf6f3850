"""Every metric of the service, declared here and nowhere else, each with what to infer from it.

In: nothing. Out: declarations, of which `Metrics` makes a process's metrics and `docs/metrics.md`
is written. Base units; the values of every label are a closed list, or a bounded one.

Counts are of one process and begin anew with it; what outlives it stands in the rows of a lane, and
is told as a gauge.
"""

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from prometheus_client import Counter, Gauge, Histogram

M = TypeVar("M", Counter, Gauge, Histogram)

ENRICH, CURATE, RUN = "enrich", "curate", "run"
"""Who sets a metric: a worker of either stage, `newsloom run`. Also the values of `stage`."""

MAX_SOURCES = 50
"""So many crawlers are named in labels, the first that err; all others are `other`."""
OTHER_SOURCE, NO_SOURCE = "other", "unknown"

LABELS = {
    "stage": "the worker's: `enrich`, `curate`, or `run` for the embedded runtime; of dead letters "
    "where on a record's way it failed: `decode`, `normalise`, `enrich`, `curate`",
    "outcome": "`curated`, `unchanged`, `withdrawn` or `dead-lettered`",
    "lane": "the number of the lane, a partition of the curate stage",
    "partition": "of the stage's input topic",
    "reason": "the closed list of reasons, as in the headers of dead letters",
    "source": f"the crawler, as it names itself; the first {MAX_SOURCES} that err, then "
    f"`{OTHER_SOURCE}`; `{NO_SOURCE}` if it does not say",
    "field": "of an article event",
    "kind": "`curated` or `story`",
    "verdict": "on an image: `ok`, else why it is not shown; failures of the web are "
    "`unreachable`, `timeout`, `http-error`, `too-many-redirects`; the others are judgements",
    "answer": "`cached`: known from before; `shared`: a fetch of another record's under way; "
    "`fetched`; `declined`: the host is down or busy",
    "version": "of the program, or of the catalogue (a digest of its files)",
}
"""What each label may say."""


@dataclass(frozen=True, slots=True, eq=False)
class MetricDefinition(Generic[M]):
    """A metric. `meaning` is what an operator should infer; `set_by` who has samples of it."""

    kind: type[M]
    name: str
    set_by: tuple[str, ...]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0)
"""From a commit on a broker beside us to what lets a batch fail, 60 s."""
_ARRIVAL_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21_600.0)
"""Around the objective of 60 s; arrivals are told in whole seconds."""

# What becomes of inputs.
RECORDS = MetricDefinition(
    Counter,
    "newsloom_records_total",
    (ENRICH, CURATE, RUN),
    "Records that a stage has taken from its input and committed. Flat at enrich: nothing comes in "
    "or it stands still; rising at enrich and flat at curate: curate stands still. A withdrawal "
    "counts once in each lane.",
    ("stage",),
)
INPUTS = MetricDefinition(
    Counter,
    "newsloom_inputs_total",
    (ENRICH, CURATE, RUN),
    "Inputs by how they ended; over all workers the four outcomes together are all inputs. Enrich "
    "ends only those that it dead-letters.",
    ("outcome",),
)
COMMITTED_INPUTS = MetricDefinition(
    Gauge,
    "newsloom_committed_inputs",
    (CURATE, RUN),
    "Inputs of a lane by how they ended, since the lane began, as its committed row counts them. "
    "It outlives processes: with the dead letters of enrich it must add up to all that was "
    "produced. Reconcile by this one, not by counters.",
    ("lane", "outcome"),
)
UNACCOUNTED_INPUTS = MetricDefinition(
    Gauge,
    "newsloom_unaccounted_inputs",
    (CURATE, RUN),
    "Inputs that this process took for a lane, less those that the lane's row counts as ended "
    "since. Anything but 0 is a bug of ours: an input was lost, or counted twice.",
    ("lane",),
)
DEAD_LETTERS = MetricDefinition(
    Counter,
    "newsloom_dead_letters_total",
    (ENRICH, CURATE, RUN),
    "Inputs that could not be curated. A rise of one reason from one source is that crawler's bug; "
    "`internal-error` is ours. `newsloom tail dead-letters.v1` shows them.",
    ("reason", "stage", "source"),
)
FAULTY_FIELDS = MetricDefinition(
    Counter,
    "newsloom_faulty_fields_total",
    (ENRICH, RUN),
    "Optional fields dropped because of a fault; the article was curated without them. A rise says "
    "that a crawler has changed.",
    ("field",),
)
PRIVATE_DROPPED = MetricDefinition(
    Counter,
    "newsloom_private_dropped_total",
    (ENRICH, RUN),
    "Events whose private object was dropped, because there was no key to seal it with. Anything "
    "but 0 where keys are meant to be set: see docs/sealing.md.",
)
PUBLICATIONS = MetricDefinition(
    Counter,
    "newsloom_publications_total",
    (CURATE, RUN),
    "Records published, tombstones included. Many more than inputs: stories are in flux, or one "
    "huge story grows.",
    ("kind",),
)
DUPLICATES = MetricDefinition(
    Counter,
    "newsloom_duplicates_total",
    (CURATE, RUN),
    "Articles found to be the same text as another. A sudden share near all of the inputs: a "
    "crawler sends one article under ever new URLs.",
)
STORY_MERGES = MetricDefinition(
    Counter,
    "newsloom_story_merges_total",
    (CURATE, RUN),
    "Stories that went up in another. A burst: something links what does not belong together, such "
    "as a boilerplate text in all excerpts of an outlet.",
)

# How long it takes.
ARRIVAL_TO_PUBLICATION = MetricDefinition(
    Histogram,
    "newsloom_arrival_to_publication_seconds",
    (CURATE,),
    "From an article event's arrival on Kafka to the commit of the record that is curated from it. "
    "The objective: 99 % within 60 s. After a pause it tells of the backlog first.",
    buckets=_ARRIVAL_S,
)
BATCH_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_batch_seconds",
    (ENRICH, CURATE, RUN),
    "From a batch's records at hand to its commit: the latency that a stage adds. A worker whose "
    "batch takes 60 s ends itself. Less the transaction it is our own work; at enrich mostly the "
    "wait for images.",
    ("stage",),
    _SHORT_S,
)
TRANSACTION_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_transaction_seconds",
    (ENRICH, CURATE),
    "From the beginning of a batch's transaction to its commit. A rise is the brokers': disks, "
    "replicas, elections.",
    ("stage",),
    _SHORT_S,
)

# Kafka.
TRANSACTIONS_ABORTED = MetricDefinition(
    Counter,
    "newsloom_transactions_aborted_total",
    (ENRICH, CURATE),
    "Transactions that were begun and did not last; their batch was done again, nothing is lost. "
    "The worker ends with one, so it is counted by the next that `worker all` or --restart starts; "
    "elsewhere see restarts by process_start_time_seconds.",
    ("stage",),
)
LAG_RECORDS = MetricDefinition(
    Gauge,
    "newsloom_consumer_lag_records",
    (ENRICH, CURATE),
    "Records (at most: Kafka counts marks of transactions too) that wait in an assigned partition, "
    "the batch at hand among them. Asked of the brokers every few seconds, whatever the consumer "
    "believes. Growing at enrich: more partitions and workers; at curate: a lane is at its limit.",
    ("stage", "partition"),
)
LAG_SECONDS = MetricDefinition(
    Gauge,
    "newsloom_consumer_lag_seconds",
    (ENRICH, CURATE),
    "How far behind that is in time: the age of the last committed record while others wait (at "
    "most: since when some do), 0 if none does.",
    ("stage", "partition"),
)
LAST_COMMIT = MetricDefinition(
    Gauge,
    "newsloom_last_commit_timestamp_seconds",
    (ENRICH, CURATE),
    "When the last batch of a partition was committed (seconds since the epoch), or when the "
    "partition was taken over. `time()` less this is the commit age: bad only while records wait.",
    ("stage", "partition"),
)
ASSIGNED_PARTITIONS = MetricDefinition(
    Gauge,
    "newsloom_assigned_partitions",
    (ENRICH, CURATE),
    "Partitions that a worker has and is ready for. 0: it stands by. Over all workers it must be "
    "the topic's partitions: fewer for longer than a restore, and some wait for nobody.",
    ("stage",),
)
REBALANCES = MetricDefinition(
    Counter,
    "newsloom_rebalances_total",
    (ENRICH, CURATE),
    "Assignments of partitions that were completed. Rising with nobody coming or going: workers "
    "drop out of their group, for want of processor time or network.",
    ("stage",),
)
RECORDS_IN_FLIGHT = MetricDefinition(
    Gauge,
    "newsloom_records_in_flight",
    (ENRICH, CURATE),
    "Records fetched and not committed yet. The same number for long: the batch at hand is stuck.",
    ("stage",),
)
BACKPRESSURE_SECONDS = MetricDefinition(
    Counter,
    "newsloom_backpressure_seconds_total",
    (ENRICH, CURATE),
    "Time in which no more input was taken, because batches were at work. Its rate is the share of "
    "time at work: near 1 a worker is at its limit, and input waits on the brokers.",
    ("stage",),
)

# Lanes.
RESTORE_PROGRESS = MetricDefinition(
    Gauge,
    "newsloom_restore_progress_ratio",
    (CURATE,),
    "How much of a lane's state is read back and put together, 0 to 1. Below 1 nothing comes out "
    "of the lane.",
    ("lane",),
)
RESTORE_SECONDS = MetricDefinition(
    Gauge,
    "newsloom_restore_seconds",
    (CURATE,),
    "How long a lane's last restore took, or has been taking so far. It grows with the lane, and "
    "for want of processor time; after 600 s the worker ends itself.",
    ("lane",),
)
LIVE_ARTICLES = MetricDefinition(
    Gauge,
    "newsloom_live_articles",
    (CURATE, RUN),
    "Articles in the window of a lane: its size, and what memory and restore grow with. It levels "
    "off after ten days of steady input.",
    ("lane",),
)
LIVE_STORIES = MetricDefinition(
    Gauge,
    "newsloom_live_stories",
    (CURATE, RUN),
    "Stories with an article in the window of a lane. Nearly as many as articles: nothing is "
    "grouped; a few: everything is.",
    ("lane",),
)
LANE_CAP = MetricDefinition(
    Gauge,
    "newsloom_lane_cap_articles",
    (CURATE, RUN),
    "Live articles that a lane holds at most. At the cap the oldest leave before their ten days, "
    "and what comes is no longer grouped with them: split languages off into lanes of their own.",
    ("lane",),
)

# Images and the web.
IMAGE_VERDICTS = MetricDefinition(
    Counter,
    "newsloom_image_verdicts_total",
    (CURATE, RUN),
    "Images of articles by what became of them, each as often as an article came with it. A jump "
    "of `unreachable` or `timeout` over all outlets: our own way out is broken.",
    ("verdict",),
)
IMAGELESS_ARTICLES = MetricDefinition(
    Counter,
    "newsloom_imageless_articles_total",
    (CURATE, RUN),
    "Articles curated without a good image, by the verdict on their first; `none-given` if they "
    "came without any.",
    ("verdict",),
)
IMAGE_LOOKUPS = MetricDefinition(
    Counter,
    "newsloom_image_lookups_total",
    (ENRICH, RUN),
    "Images asked for, by where the answer came from. `cached` are the cache's hits; many "
    "`declined`: hosts that many articles name are down.",
    ("answer",),
)
IMAGE_FETCH_SECONDS = MetricDefinition(
    Histogram,
    "newsloom_image_fetch_seconds",
    (ENRICH, RUN),
    "How long fetching an image took, further attempts included, whatever came of it. A rise over "
    "all outlets: our own network, DNS first.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
IMAGE_FETCHES_IN_FLIGHT = MetricDefinition(
    Gauge,
    "newsloom_image_fetches_in_flight",
    (ENRICH, RUN),
    "Images being fetched now, of 100 at most. At 100 for long: enrich is bound by the web; more "
    "workers help.",
)
BLOCKED_REQUESTS = MetricDefinition(
    Counter,
    "newsloom_blocked_requests_total",
    (ENRICH, RUN),
    "Requests that the guard refused, redirects to a closed address among them. A rise: somebody "
    "sends events that point into our network; the log at level info names them.",
)

# The process.
LOOP_LAG = MetricDefinition(
    Gauge,
    "newsloom_event_loop_lag_seconds",
    (ENRICH, CURATE),
    "The longest that the event loop let a timer wait in the last 15 seconds, or is doing so now. "
    "Seconds: want of processor time, or one long piece of work; `/healthz` fails if it goes on.",
    ("stage",),
)
BUILD_INFO = MetricDefinition(
    Gauge,
    "newsloom_build_info",
    (ENRICH, CURATE, RUN),
    "Always 1. Which version runs where; two at once for longer than a roll-out is a stuck one.",
    ("stage", "version"),
)
CATALOGUE_INFO = MetricDefinition(
    Gauge,
    "newsloom_catalogue_info",
    (ENRICH, RUN),
    "Always 1. Which catalogue is at work; two at once for long: a worker did not get the files, "
    "or refused them, which its log says.",
    ("version",),
)

AnyMetricDefinition: TypeAlias = (
    MetricDefinition[Counter] | MetricDefinition[Gauge] | MetricDefinition[Histogram]
)

ALL: tuple[AnyMetricDefinition, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, MetricDefinition)
)
"""All of them, in the order above."""
