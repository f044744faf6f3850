"""The only wiring: settings in, a runtime ready to go out."""

from pathlib import Path

from newsloom.adapters.catalogue_files import CatalogueFiles
from newsloom.adapters.store import Store, read_rows
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.rows import decode_row
from newsloom.pipeline.curation.state import State, restore
from newsloom.pipeline.recipe import Pipeline, Preparation
from newsloom.runtimes.embedded import EmbeddedRun, Reporter, RunOptions
from newsloom.runtimes.kafka.curating import CurateStage
from newsloom.runtimes.kafka.enriching import EnrichStage
from newsloom.runtimes.kafka.stage import Stage
from newsloom.runtimes.kafka.topics import Topics
from newsloom.settings import Settings


def build_run(
    settings: Settings,
    options: RunOptions,
    catalogue: Catalogue,
    store: Store,
    metrics: Metrics,
    reporter: Reporter,
) -> tuple[EmbeddedRun, State]:
    """An embedded run over the state that `store` holds, and that state."""
    state = restore(decode_row(key, value) for key, value in store.rows())
    pipeline = Pipeline(state, catalogue, settings.images)
    return EmbeddedRun(options, pipeline, store, metrics, reporter), state


def read_state(folder: Path) -> State:
    """The state that an output folder holds, to look at. Raises OutageError if it has none."""
    return restore(decode_row(key, value) for key, value in read_rows(folder))


def build_stage(settings: Settings, name: str, catalogue: CatalogueFiles) -> Stage:
    """The stage of that name, enrich or curate, for a worker on Kafka."""
    topics = Topics(settings.kafka_topic_prefix)
    group = settings.kafka_group_prefix + name
    if name == "enrich":
        preparation = Preparation(
            catalogue.current, settings.images, find_catalogue=catalogue.renewed
        )
        return EnrichStage(topics, group, preparation)
    return CurateStage(settings.kafka_bootstrap_servers, topics, group)
