"""deploy/Dockerfile, built and run in a clean root without an engine (tests/support/image.py).

Its own steps are run in order, on what a checkout holds and .dockerignore lets through.
"""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from newsloom import __version__
from newsloom.runtimes.kafka.worker.worker import DRAIN_S
from newsloom.settings import Settings
from tests.support.image import Stage, build, build_context, instructions, is_ignored
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


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False)
    assert probe.returncode == 0, "needs Linux with user namespaces, and util-linux's unshare"
    return build(DOCKERFILE, build_context(TOP), tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume for /var/tmp that outlives its containers, as one of Kubernetes outlives a restart.

    The loops that the first container compiled are there for the next.
    """
    folder = tmp_path_factory.mktemp("scratch")
    folder.chmod(0o1777)
    return folder


@pytest.mark.parametrize(
    ("name", "is_out", "why"),
    [
        ("services/newsloom/cli.py", False, "below a folder that is let in"),
        ("services/newsloom/__pycache__/cli.pyc", True, "a later pattern wins, at any depth"),
        ("tests/support/image.py", True, "nothing is in that is not named"),
        ("deploy/requirements.lock", False, "a pattern with a star, let in"),
        ("deploy/kafka/x.lock", True, "a star is not for folders"),
        ("newsloom.toml", True, "settings of whoever builds are not for all"),
    ],
)
def test_only_what_is_named_gets_into_the_build(name: str, is_out: bool, why: str) -> None:
    lines = (TOP / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert is_ignored(name, patterns) is is_out, why


def test_what_is_installed_is_what_is_tested() -> None:
    """The image's locks hold versions and hashes of the lock that everything is tested with."""

    def entries(lock: str) -> set[str]:
        text = (TOP / lock).read_text().replace("\\\n", " ")
        return {re.sub(r"\s+", " ", line).strip() for line in text.splitlines()}

    for lock in ("deploy/requirements.lock", "deploy/requirements-build.lock"):
        assert entries(lock) < entries("requirements.lock")


@pytest.mark.parametrize(
    "words", [["--help"], ["worker", "--help"], ["topics", "create", "--help"], ["doctor-who"]]
)
def test_commands_start(image: Stage, scratch: Path, words: list[str]) -> None:
    done = image.run([*image.entrypoint, *words], scratch=scratch)
    assert (done.returncode, "Usage: newsloom" in done.stdout + done.stderr) == (
        0 if words[-1] == "--help" else 2,
        True,
    )


def test_it_runs_as_nobody_on_a_root_that_cannot_be_written_to(image: Stage) -> None:
    script = "id -u; id -g; pwd; for d in / /opt/newsloom . /usr; do touch $d/x && echo $d; done"
    done = image.run(["sh", "-c", script])
    assert done.stdout.split() == ["10001", "10001", "/newsloom"]
    assert done.stderr.count("Read-only file system") == 4


def test_nothing_is_in_it_but_what_runs(image: Stage) -> None:
    script = (
        "import importlib.metadata as m, json, newsloom, sys\n"
        "print(json.dumps([sorted(d.name for d in m.distributions()), newsloom.__file__]))"
    )
    names, where = json.loads(image.run(["python", "-I", "-c", script]).stdout)
    assert {"newsloom", "faust-streaming", "aiokafka"} <= set(names)
    assert not {"pip", "hatchling", "pytest", "mypy", "setuptools"} & set(names)
    assert where.startswith("/opt/newsloom/lib/")
    assert image.run([*image.entrypoint, "--version"]).stdout.split()[-1] == __version__


def test_it_curates_where_only_scratch_space_can_be_written_to(image: Stage, scratch: Path) -> None:
    script = (
        f"echo '{json.dumps(EVENT)}' | newsloom run - --output /var/tmp/out --images off --quiet"
        " && cat /var/tmp/out/curated.jsonl"
    )
    done = image.run(["sh", "-c", script], scratch=scratch)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["title"] == EVENT["title"]


def test_the_default_command_works_on_kafka_and_drains(
    image: Stage, scratch: Path, kafka: Kafka
) -> None:
    """Told to end as an engine does, it leaves in order."""
    create_topics(kafka)
    settings = {n: v for n, v in kafka.environment().items() if n.startswith("NEWSLOOM_")}
    settings |= {
        "NEWSLOOM_KAFKA_GROUP_PREFIX": kafka.prefix,
        "NEWSLOOM_METRICS_HOST": "127.0.0.1",
        "NEWSLOOM_METRICS_PORT": str(pick_neighbours()),
    }
    assert image.run(image.healthcheck, settings).returncode == 1, "nobody works yet"
    worker = image.start([*image.entrypoint, *image.command], settings, scratch)
    try:
        kafka.send(kafka.prefix + EVENTS, [(None, json.dumps(EVENT).encode())])
        deadline = time.monotonic() + STARTED_S
        while not kafka.count(kafka.prefix + "curated-articles.v1"):
            assert time.monotonic() < deadline, "nothing came out"
            assert worker.poll() is None, worker.communicate()
            time.sleep(0.2)
        health = image.run(image.healthcheck, settings)
        assert (health.returncode, health.stderr) == (0, "")
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=DRAIN_S)
        assert (worker.returncode, said) == (0, "")
    finally:
        worker.kill()
        worker.communicate()


def test_health_is_asked_for_where_it_is_served(image: Stage) -> None:
    default = Settings.model_fields["metrics_port"].default
    assert f"DEFAULT_PORT = {default}" in (TOP / "deploy" / "healthcheck.py").read_text()
    (exposed,) = (r for w, r in instructions(DOCKERFILE.read_text()) if w == "EXPOSE")
    assert exposed.split() == [str(default), str(default + 1)]
    assert image.environment["NEWSLOOM_METRICS_HOST"] == "0.0.0.0"


@pytest.mark.parametrize(
    ("answers", "code", "why"),
    [
        ((200, None), 0, "enrich alone, and well"),
        ((None, 200), 0, "curate alone, and well"),
        ((200, 200), 0, "both in one container"),
        ((200, 503), 1, "one of both is not well"),
        ((None, None), 1, "nobody answers"),
    ],
)
def test_health_is_that_of_all_who_work_here(
    image: Stage, answers: tuple[int | None, ...], code: int, why: str
) -> None:
    first = pick_neighbours()
    sites = [
        Site({"/healthz": answer(b"stuck", status)}, port=first + number)
        for number, status in enumerate(answers)
        if status is not None
    ]
    for site in sites:
        site.__enter__()
    try:
        done = image.run(image.healthcheck, {"NEWSLOOM_METRICS_PORT": str(first)})
        assert done.returncode == code, why
        assert ("stuck" in done.stderr) == (503 in answers)
    finally:
        for site in sites:
            site.__exit__(None, None, None)
