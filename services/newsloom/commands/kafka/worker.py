"""`newsloom worker`: the stages of the pipeline as Kafka workers."""

import socket
import sys
from pathlib import Path

import click

from newsloom.adapters.catalogue.files import CatalogueFiles
from newsloom.bootstrap import build_keyring, build_policy, build_processor
from newsloom.commands.options import catalogue_option
from newsloom.observability.endpoint import listen, serve
from newsloom.observability.health import Health
from newsloom.observability.logs import set_up_logs
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.kafka.worker.abort_counter import AbortCounter
from newsloom.runtimes.kafka.worker.supervisor import Supervisor, exit_at_once_on_signals
from newsloom.settings import Settings, read_settings

STAGES = ("enrich", "curate")


@click.command()
@click.argument("stage", type=click.Choice([*STAGES, "all"]))
@click.option(
    "--restart",
    "should_restart",
    is_flag=True,
    help="Start a worker that failed again, after a pause that grows to 30 s.",
)
@catalogue_option
def worker(stage: str, should_restart: bool, catalogue: tuple[Path, ...]) -> None:
    """Work on Kafka: enrich article events, curate enriched articles, or both.

    As many enrich workers share the work as article-events has partitions, as many curate workers
    as there are lanes. A worker ends on any error it cannot be sure of; nothing is lost or
    repeated then, and a fresh one goes on. Have it restarted by what runs your services, or by
    --restart.

    Changed files of the catalogue are taken in between two batches; each record names the version
    that made it.

    Each serves /metrics, /healthz and /readyz on this machine alone, enrich at port 9780, curate at
    the next, unless NEWSLOOM_METRICS_HOST and NEWSLOOM_METRICS_PORT say otherwise; 0 serves none.

    SIGTERM finishes the batch in flight, leaves the group and exits 0, within 20 seconds; a second
    one, a moment later, ends it at once. Exits 1 on a failure.
    """
    settings = read_settings(catalogue=catalogue)
    names = STAGES if stage == "all" else (stage,)
    catalogue_files = CatalogueFiles(settings.catalogue)
    keyring = build_keyring(settings) if "enrich" in names else None
    policy = build_policy(settings)
    set_up_logs(settings.log_format, settings.log_level)
    # Before any worker begins: a port that is taken is told at once, one that is held is kept.
    listeners = {name: _listen(settings, name) for name in names if settings.metrics_port}
    marks = {name: AbortCounter() for name in names}

    def work(name: str) -> None:
        set_up_logs(settings.log_format, settings.log_level, name)
        metrics, health = Metrics(name), Health(settings.health_stall_s)
        if name in listeners:
            serve(listeners[name], metrics.registry, health)
        from newsloom.runtimes.kafka.worker.telemetry import Telemetry
        from newsloom.runtimes.kafka.worker.worker import run_worker

        stage_of = build_processor(settings, name, catalogue_files, keyring, policy, metrics)
        telemetry = Telemetry(metrics, health, marks[name])
        run_worker(settings.kafka_bootstrap_servers, stage_of, telemetry)

    if len(names) == 1 and not should_restart:
        exit_at_once_on_signals()
        work(stage)
    works = {name: (lambda name=name: work(name)) for name in names}
    sys.exit(Supervisor(works, should_restart).run())


def _listen(settings: Settings, stage: str) -> socket.socket:
    return listen(settings.metrics_host, settings.metrics_port + STAGES.index(stage))
