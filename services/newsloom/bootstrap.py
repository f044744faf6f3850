"""The only wiring: settings in, a runtime ready to go out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from newsloom import __version__
from newsloom.adapters.catalogue_files import load_catalogue
from newsloom.adapters.store import Store, read_rows
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.curation.rows import decode_row
from newsloom.pipeline.curation.state import State, restore
from newsloom.pipeline.recipe import Pipeline, Preparation
from newsloom.runtimes.embedded import EmbeddedRun, Reporter, RunOptions
from newsloom.runtimes.kafka.curating import CurateStage
from newsloom.runtimes.kafka.enriching import EnrichStage
from newsloom.runtimes.kafka.stage import Stage
from newsloom.runtimes.kafka.topics import Topics
from newsloom.settings import Settings

if TYPE_CHECKING:
    from newsloom.adapters.image_checks import ImageChecker


@contextmanager
def build_run(
    settings: Settings, options: RunOptions, store: Store, metrics: Metrics, reporter: Reporter
) -> Iterator[tuple[EmbeddedRun, State]]:
    """An embedded run over the state that `store` holds, and that state."""
    state = restore(decode_row(key, value) for key, value in store.rows())
    pipeline = Pipeline(state, load_catalogue(), settings.images)
    if settings.images != "check":
        yield EmbeddedRun(options, pipeline, store, metrics, reporter), state
        return
    from newsloom.adapters.image_checks import CheckerThread

    with CheckerThread(lambda: build_checker(settings)) as images:
        yield EmbeddedRun(options, pipeline, store, metrics, reporter, images), state


def build_checker(settings: Settings) -> "ImageChecker":
    """What checks images, on the loop that runs now."""
    # Loaded where images are checked only: the client takes a seventh of the time of a start.
    from newsloom.adapters.image_checks import ImageChecker
    from newsloom.adapters.web import open_client, user_agent

    agent = user_agent(__version__, settings.operator_contact)
    client = open_client(agent, settings.allowed_networks)
    return ImageChecker(client, settings.images_per_article, settings.discover_images)


def read_state(folder: Path) -> State:
    """The state that an output folder holds, to look at. Raises OutageError if it has none."""
    return restore(decode_row(key, value) for key, value in read_rows(folder))


def build_stage(settings: Settings, name: str) -> Stage:
    """The stage of that name, enrich or curate, for a worker on Kafka."""
    topics = Topics(settings.kafka_topic_prefix)
    group = settings.kafka_group_prefix + name
    if name == "enrich":
        preparation = Preparation(load_catalogue(), settings.images)
        should_check = settings.images == "check"
        checker = (lambda: build_checker(settings)) if should_check else None
        return EnrichStage(topics, group, preparation, checker)
    return CurateStage(settings.kafka_bootstrap_servers, topics, group)
