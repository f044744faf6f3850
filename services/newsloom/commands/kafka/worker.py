"""`newsloom worker`: runs the enrich worker, the curate worker, or both.

In: settings, and the records of the input topics. Out: records on the output topics, metrics and
health over HTTP, logs on standard error.
"""

import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from newsloom.adapters.catalogue.files import CatalogueFiles
from newsloom.bootstrap import build_keyring, build_policy, build_processor
from newsloom.commands.options import catalogue_option
from newsloom.observability.endpoint import listen, serve
from newsloom.observability.health import Health
from newsloom.observability.logs import set_up_logs
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter, BatchInWork
from newsloom.runtimes.kafka.worker.supervisor import Supervisor, exit_at_once_on_signals
from newsloom.settings import Settings, read_settings

STAGES = ("enrich", "curate")


@click.command()
@click.argument("stage", type=click.Choice([*STAGES, "all"]))
@click.option(
    "--restart",
    "should_restart",
    is_flag=True,
    help="Restart a worker that fails, after a pause that grows from 0.5 s to 30 s.",
)
@catalogue_option
def worker(stage: str, should_restart: bool, catalogue: tuple[Path, ...]) -> None:
    """Run Kafka workers until they are stopped.

    `enrich` reads article events and writes enriched articles. `curate` reads enriched articles and
    writes curated records. `all` runs one process of each.

    Start more workers to share the work. At most one enrich worker for each partition of
    article-events has work, and one curate worker for each lane. A worker exits when it meets an
    error that it cannot handle. Its open transaction is aborted, so nothing is lost and nothing is
    published twice, and a new worker continues from the last commit. Let your service manager
    restart it, or use --restart.

    Each worker serves /metrics, /healthz and /readyz over HTTP, by default on 127.0.0.1: enrich at
    port 9780, curate at port 9781. NEWSLOOM_METRICS_HOST and NEWSLOOM_METRICS_PORT change that;
    port 0 serves nothing. A catalogue file that changes is read again between two batches; each
    record names the version of the catalogue that it was made with.

    SIGTERM or SIGINT: the worker commits the batch in progress, leaves the group and exits with 0,
    within 20 seconds. A second signal, at least half a second later, ends it at once.

    \b
    Exit codes:
      0  stopped by a signal, with the last batch committed
      1  a worker failed
      2  unusable arguments, settings, keys, weights or catalogue files, or a port in use

    \b
    Example:
      newsloom worker all --restart
    """
    names = STAGES if stage == "all" else (stage,)
    workers = _Workers(read_settings(catalogue=catalogue), names)
    if len(names) == 1 and not should_restart:
        exit_at_once_on_signals()
        workers.run(stage)
    works = {name: partial(workers.run, name) for name in names}
    sys.exit(Supervisor(works, should_restart, workers.in_work).run())


class _Workers:
    """Runs the workers of one command, each in its own process."""

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        """Reads all files and binds all ports, so that a mistake ends the command at once."""
        self._settings = settings
        self._catalogue_files = CatalogueFiles(settings.catalogue)
        self._keyring = build_keyring(settings) if "enrich" in names else None
        self._policy = build_policy(settings)
        set_up_logs(settings.log_format, settings.log_level)
        # A worker that is restarted keeps its port.
        self._listeners = {n: _listen(settings, n) for n in names if settings.metrics_port}
        self._abort_counters = {name: AbortCounter() for name in names}
        self.in_work = {name: BatchInWork() for name in names}

    def run(self, name: str) -> None:
        """Runs the worker of a stage until it ends."""
        settings, in_work = self._settings, self.in_work[name]
        left = in_work.take_left()
        set_up_logs(settings.log_format, settings.log_level, name)
        metrics, health = Metrics(name), Health(settings.health_stall_s)
        if name in self._listeners:
            serve(self._listeners[name], metrics.registry, health)
        # Imported here, so that the supervisor's process does not load Faust.
        from newsloom.runtimes.kafka.worker.telemetry import Telemetry
        from newsloom.runtimes.kafka.worker.worker import run_worker

        processor = build_processor(
            settings, name, self._catalogue_files, self._keyring, self._policy, metrics
        )
        telemetry = Telemetry(metrics, health, self._abort_counters[name])
        run_worker(settings.kafka_bootstrap_servers, processor, telemetry, in_work, left)


def _listen(settings: Settings, stage: str) -> socket.socket:
    return listen(settings.metrics_host, settings.metrics_port + STAGES.index(stage))
