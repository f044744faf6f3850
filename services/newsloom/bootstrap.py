"""Builds the parts of Newsloom and connects them; no other module does.

In: the settings. Out: a runtime that can be run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from newsloom import __version__
from newsloom.adapters.catalogue.files import CatalogueFiles, load_catalogue
from newsloom.adapters.sealing.key_file import load_keyring
from newsloom.adapters.sealing.keyring import Keyring
from newsloom.adapters.storage.spill_file import SpillFile
from newsloom.adapters.storage.store import Store, read_rows
from newsloom.adapters.story_weights import load_story_weights
from newsloom.observability.fetch_metrics import FetchMetrics
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.enrich import ImageMode
from newsloom.pipeline.lane.restore import restore
from newsloom.pipeline.lane.rows import decode_row
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Enricher, Pipeline
from newsloom.pipeline.sealing import Sealer
from newsloom.rules.lanes import LaneTable
from newsloom.runtimes.embedded import EmbeddedRun, Reporter, RunOptions
from newsloom.runtimes.images import ImagesThread
from newsloom.runtimes.lane import Lane
from newsloom.settings import Settings

if TYPE_CHECKING:
    from newsloom.adapters.images.checks import ImageChecker
    from newsloom.feeds.crawling.crawler import Visit
    from newsloom.feeds.crawling.outputs import Output
    from newsloom.feeds.crawling.state import CrawlState
    from newsloom.runtimes.kafka.stages.processor import Processor
    from newsloom.runtimes.rebuild import Rebuilt


def build_keyring(settings: Settings) -> Keyring | None:
    """The sealing keys, None if none are set. Raises KeysError for unusable keys."""
    keys = settings.sealing_keys
    text = None if keys is None else keys.get_secret_value()
    return load_keyring(text, settings.sealing_keys_file)


def build_policy(settings: Settings) -> Policy:
    """How a lane is curated. Raises WeightsError for an unusable file of weights."""
    return Policy(load_story_weights(settings.story_weights), settings.publish_threshold)


@contextmanager
def build_run(
    settings: Settings,
    options: RunOptions,
    catalogue: Catalogue,
    store: Store,
    metrics: Metrics,
    reporter: Reporter,
    sealer: Sealer | None,
    policy: Policy,
) -> Iterator[tuple[EmbeddedRun, State]]:
    """An embedded run over the state in `store`, and that state."""
    state = restore_state(store)
    enricher = Enricher(catalogue, settings.images, sealer)
    lane = Lane(0, state, policy, metrics)
    metrics.set_catalogue_version(catalogue.version)
    if settings.images != "check":
        yield EmbeddedRun(options, enricher, lane, store, metrics, reporter), state
        return
    with ImagesThread(lambda: build_checker(settings, metrics)) as images:
        yield EmbeddedRun(options, enricher, lane, store, metrics, reporter, images), state


def restore_state(store: Store) -> State:
    """The state in `store`."""
    return restore((decode_row(key, value) for key, value in store.rows()), SpillFile())


def build_checker(settings: Settings, metrics: Metrics) -> "ImageChecker":
    """The image checker, on the running event loop."""
    # Imported only where images are checked: the HTTP client takes a seventh of the start time.
    from newsloom.adapters.images.checks import ImageChecker
    from newsloom.adapters.web.client import open_client, user_agent

    agent = user_agent(__version__, settings.operator_contact)
    watch = FetchMetrics(metrics)
    client = open_client(agent, settings.allowed_networks, watch=watch)
    return ImageChecker(client, settings.images_per_article, settings.discover_images, watch=watch)


def build_pipeline(settings: Settings) -> Pipeline:
    """The whole pipeline over an empty lane. It fetches, seals and stores nothing."""
    images: ImageMode = "trust" if settings.images == "check" else settings.images
    catalogue = load_catalogue(settings.catalogue)
    return Pipeline(State(SpillFile()), catalogue, images, policy=build_policy(settings))


def read_state(folder: Path) -> State:
    """The state in an output folder, for reading. Raises OutageError if the folder has none."""
    return restore((decode_row(key, value) for key, value in read_rows(folder)), SpillFile())


def build_processor(
    settings: Settings,
    name: str,
    catalogue: CatalogueFiles,
    sealer: Sealer | None,
    policy: Policy,
    metrics: Metrics,
) -> "Processor":
    """The processor of a Kafka worker: `enrich` or `curate`."""
    # Imported here, because a run without Kafka does not need its clients.
    from newsloom.runtimes.kafka.clients.group_forms import read_form
    from newsloom.runtimes.kafka.stages.curate import CurateProcessor
    from newsloom.runtimes.kafka.stages.enrich import EnrichProcessor
    from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

    servers, topics = settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix)
    lanes = LaneTable(settings.kafka_lanes)
    if name == "curate":
        return CurateProcessor(servers, topics, lanes.count, SpillFile, policy, metrics)
    enricher = Enricher(catalogue.current, settings.images, sealer, catalogue.reload_if_changed)
    should_check = settings.images == "check"
    checker = (lambda: build_checker(settings, metrics)) if should_check else None
    find_form = partial(read_form, servers, topics, lanes.count)
    return EnrichProcessor(topics, lanes, enricher, metrics, checker, find_form)


async def rebuild_lane(
    settings: Settings,
    policy: Policy,
    partition: int,
    folder: Path,
    advance: Callable[[int, int], None],
) -> "Rebuilt":
    """Rebuilds a lane on Kafka, see `LaneRebuild`. Raises OutageError."""
    from newsloom.runtimes.kafka.clients.admin import open_admin, require_topic
    from newsloom.runtimes.kafka.rebuilding.lane_rebuild import LaneRebuild
    from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

    servers, topics = settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix)
    async with open_admin(servers) as admin:
        await require_topic(admin, topics.lane_state)
        letters = (await require_topic(admin, topics.dead_letters)).partitions
    rebuild = LaneRebuild(
        servers, topics, partition, partition % letters, policy, SpillFile, folder, advance
    )
    return await rebuild.run()


async def run_crawl(
    settings: Settings,
    state: "CrawlState",
    output: "Output",
    addresses: Sequence[str],
    report: Callable[["Visit"], None],
) -> int:
    """Visits each feed that is due once; see `Crawler.visit_once`."""
    # Imported here, because only the crawler needs them.
    from newsloom.adapters.web.client import open_client, user_agent
    from newsloom.feeds.crawling.clock import SystemClock
    from newsloom.feeds.crawling.crawler import Crawler
    from newsloom.feeds.crawling.fetching import WebFetcher

    agent = user_agent(__version__, settings.operator_contact)
    async with open_client(agent, settings.allowed_networks) as client:
        crawler = Crawler(state, WebFetcher(client), output, SystemClock(), report)
        return await crawler.visit_once(addresses)
