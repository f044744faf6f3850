"""The labels of metrics, and the values of each: a closed list, or a bounded one.

In: nothing. Out: constants, and for each label the text in `docs/metrics.md`.
"""

from newsloom.observability.waiting import MEANINGS

ENRICH, CURATE, RUN = "enrich", "curate", "run"
"""Which process sets a metric: an enrich worker, a curate worker or `newsloom run`. Also the values
of the label `stage`."""

MAX_SOURCES = 50
"""Crawlers that are named in labels: the first ones with a dead letter. All others are `other`."""
OTHER_SOURCE, NO_SOURCE = "other", "unknown"

LABELS = {
    "stage": "the kind of process: `enrich` or `curate` for a worker, `run` for the embedded "
    "runtime. For dead letters the stage that failed: `decode`, `normalise`, `enrich` or `curate`",
    "outcome": "`curated`, `unchanged`, `withdrawn`, `dead-lettered`, or on Kafka `passed`",
    "lane": "the number of the lane, which is a partition of the curate stage",
    "partition": "the partition of the stage's input topic",
    "reason": "one of a closed list: of dead letters as in their headers, of stopped partitions "
    "as in docs/kafka.md, of waiting workers "
    + "; ".join(f"`{reason.value}`: {meaning}" for reason, meaning in MEANINGS.items()),
    "source": f"the name that the crawler gives itself: the first {MAX_SOURCES} crawlers with a "
    f"dead letter; `{OTHER_SOURCE}` for further ones and for names with characters other than "
    f"`a-z`, `0-9`, `.`, `_` and `-`; `{NO_SOURCE}` without a name",
    "field": "the field of an article event",
    "kind": "`curated` or `story`",
    "verdict": "the verdict on an image: `ok`, or why it is not shown. Failures of the web are "
    "`unreachable`, `timeout`, `http-error` and `too-many-redirects`; the others judge the image",
    "answer": "`cached`: from the cache; `shared`: from a fetch of the same image that was already "
    "in flight; `fetched`: from a new fetch; `declined`: not fetched, as its host is down or busy",
    "version": "the version of the program, or of the catalogue (a digest of its files)",
}
"""The values of each label."""
