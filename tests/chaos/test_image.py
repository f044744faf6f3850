"""deploy/Dockerfile, built and run in a clean root without an engine (tests/support/image.py).

Its steps run in order, on the files of a checkout that .dockerignore does not exclude.
"""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from newsloom import __version__
from newsloom.runtimes.kafka.worker.worker import DRAIN_S
from newsloom.settings import Settings
from tests.support.image import Stage, build, build_context, instructions
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.site import Site, answer
from tests.support.workers import EVENTS, create_topics

TOP = Path(__file__).parents[2]
DOCKERFILE = TOP / "deploy" / "Dockerfile"
EVENT = {
    "webUrl": "https://harbourledger.example/ferry",
    "title": "Ferry aground",
    "publishedDateTime": "2026-03-02T10:00:00Z",
}
STARTED_S = 30.0
"""The time limit from the start of a worker to its first curated record."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False)
    assert probe.returncode == 0, "needs Linux with user namespaces, and util-linux's unshare"
    return build(DOCKERFILE, build_context(TOP), tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume for /var/tmp that containers use in turn, as after a restart on Kubernetes.

    A container finds the kernels that an earlier one compiled.
    """
    folder = tmp_path_factory.mktemp("scratch")
    folder.chmod(0o1777)
    return folder


@pytest.mark.parametrize(
    "arguments", [["--help"], ["worker", "--help"], ["topics", "create", "--help"], ["doctor-who"]]
)
def test_command_starts_and_prints_its_usage(
    image: Stage, scratch: Path, arguments: list[str]
) -> None:
    done = image.run([*image.entrypoint, *arguments], scratch=scratch)
    assert (done.returncode, "Usage: newsloom" in done.stdout + done.stderr) == (
        0 if arguments[-1] == "--help" else 2,
        True,
    )


def test_image_runs_as_an_unprivileged_user_on_a_read_only_root(image: Stage) -> None:
    script = "id -u; id -g; pwd; for d in / /opt/newsloom . /usr; do touch $d/x && echo $d; done"
    done = image.run(["sh", "-c", script])
    assert done.stdout.split() == ["10001", "10001", "/newsloom"]
    assert done.stderr.count("Read-only file system") == 4


def test_image_holds_no_build_or_test_tools(image: Stage) -> None:
    script = (
        "import importlib.metadata as m, json, newsloom, sys\n"
        "print(json.dumps([sorted(d.name for d in m.distributions()), newsloom.__file__]))"
    )
    names, location = json.loads(image.run(["python", "-I", "-c", script]).stdout)
    assert {"newsloom", "faust-streaming", "aiokafka"} <= set(names)
    assert not {"pip", "hatchling", "pytest", "mypy", "setuptools"} & set(names)
    assert location.startswith("/opt/newsloom/lib/")
    assert image.run([*image.entrypoint, "--version"]).stdout.split()[-1] == __version__


def test_image_curates_when_only_scratch_space_is_writable(image: Stage, scratch: Path) -> None:
    script = (
        f"echo '{json.dumps(EVENT)}' | newsloom run - --output /var/tmp/out --images off --quiet"
        " && cat /var/tmp/out/curated.jsonl"
    )
    done = image.run(["sh", "-c", script], scratch=scratch)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["title"] == EVENT["title"]


def test_default_command_processes_kafka_records_and_drains(
    image: Stage, scratch: Path, kafka: Kafka
) -> None:
    """SIGTERM, which an engine sends, ends the worker with exit code 0 and no error output."""
    create_topics(kafka)
    settings = {
        name: value for name, value in kafka.environment().items() if name.startswith("NEWSLOOM_")
    }
    settings |= {
        "NEWSLOOM_METRICS_HOST": "127.0.0.1",
        "NEWSLOOM_METRICS_PORT": str(pick_neighbours()),
    }
    assert image.run(image.healthcheck, settings).returncode == 1, "no worker runs yet"
    worker = image.start([*image.entrypoint, *image.command], settings, scratch)
    try:
        kafka.send(kafka.prefix + EVENTS, [(None, json.dumps(EVENT).encode())])
        deadline = time.monotonic() + STARTED_S
        while not kafka.count(kafka.prefix + "curated-articles.v1"):
            assert time.monotonic() < deadline, "no curated record was published in time"
            assert worker.poll() is None, worker.communicate()
            time.sleep(0.2)
        health = image.run(image.healthcheck, settings)
        assert (health.returncode, health.stderr) == (0, "")
        worker.send_signal(signal.SIGTERM)
        _, errors = worker.communicate(timeout=DRAIN_S)
        assert (worker.returncode, errors) == (0, "")
    finally:
        worker.kill()
        worker.communicate()


def test_health_check_and_exposed_ports_match_the_metrics_port(image: Stage) -> None:
    default = Settings.model_fields["metrics_port"].default
    assert f"DEFAULT_PORT = {default}" in (TOP / "deploy" / "healthcheck.py").read_text()
    (exposed,) = (
        rest for keyword, rest in instructions(DOCKERFILE.read_text()) if keyword == "EXPOSE"
    )
    assert exposed.split() == [str(default), str(default + 1)]
    assert image.environment["NEWSLOOM_METRICS_HOST"] == "0.0.0.0"


@pytest.mark.parametrize(
    ("statuses", "code", "reason"),
    [
        ((200, None), 0, "enrich alone is healthy"),
        ((None, 200), 0, "curate alone is healthy"),
        ((200, 200), 0, "both are healthy in one container"),
        ((200, 503), 1, "one of the two is unhealthy"),
        ((None, None), 1, "no worker answers"),
    ],
)
def test_health_check_covers_all_workers_of_the_container(
    image: Stage, statuses: tuple[int | None, ...], code: int, reason: str
) -> None:
    first = pick_neighbours()
    sites = [
        Site({"/healthz": answer(b"stuck", status)}, port=first + number)
        for number, status in enumerate(statuses)
        if status is not None
    ]
    for site in sites:
        site.__enter__()
    try:
        done = image.run(image.healthcheck, {"NEWSLOOM_METRICS_PORT": str(first)})
        assert done.returncode == code, reason
        assert ("stuck" in done.stderr) == (503 in statuses)
    finally:
        for site in sites:
            site.__exit__(None, None, None)
