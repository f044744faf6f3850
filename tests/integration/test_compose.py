"""docker-compose.yml: valid, closed, and about files, commands and settings that there are."""

import json
import re
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.kafka.jars import POM, copy_jars, find_java
from newsloom.runtimes.kafka.worker.worker import DRAIN_S
from newsloom.settings import Settings
from tests.support.image import instructions
from tests.support.program import check_command, check_settings

TOP = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((TOP / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if "build" in each}
VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")

each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def settings(name: str) -> dict[str, str]:
    """The variables of a service, as they are when nobody sets any outside."""
    given = SERVICES[name].get("environment", {})
    return {key: VARIABLE.sub(r"\1", str(value)) for key, value in given.items()}


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration.removesuffix("s"))


def test_it_is_what_the_specification_allows() -> None:
    schemas = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(COMPOSE)
    assert not validator.is_valid({"services": {"kafka": {"read-only": True}}})


@each_of_ours
def test_commands_and_settings_are_the_programs(name: str) -> None:
    check_command(SERVICES[name]["command"])
    check_settings(settings(name))
    assert SERVICES[name]["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}


@each_service
def test_what_is_mounted_is_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (TOP / source).exists(), source
            assert mode == ["ro"], f"{source} is not theirs to change"
        else:
            assert source in COMPOSE["volumes"]


def test_the_program_finds_what_is_mounted_for_it() -> None:
    """The demo's input, and what Prometheus and Grafana are told to read."""
    assert (TOP / "examples" / Path(SERVICES["demo"]["command"][1]).name).exists()
    assert "./examples:/examples:ro" in SERVICES["demo"]["volumes"]
    assert (TOP / "deploy" / "prometheus" / "prometheus.yml").exists()
    provisioning = TOP / "deploy" / "grafana" / "provisioning"
    (provider,) = provisioning.glob("dashboards/*.yml")
    (folder,) = (
        each["options"]["path"] for each in yaml.safe_load(provider.read_text())["providers"]
    )
    assert f"./deploy/grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    (source,) = provisioning.glob("datasources/*.yml")
    (data,) = yaml.safe_load(source.read_text())["datasources"]
    assert data["url"] == "http://prometheus:9090"


def test_prometheus_asks_every_replica_of_both_stages() -> None:
    config = yaml.safe_load((TOP / "deploy" / "prometheus" / "prometheus.yml").read_text())
    asked = {
        name: found["port"]
        for job in config["scrape_configs"]
        for found in job.get("dns_sd_configs", [])
        for name in found["names"]
    }
    enrich = Settings.model_fields["metrics_port"].default
    assert asked == {"enrich": enrich, "curate": enrich + 1}
    for name in asked:
        assert set(SERVICES[name]["networks"]) & set(SERVICES["prometheus"]["networks"])


@each_service
def test_it_is_published_to_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)


@each_service
def test_it_may_do_nothing_that_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") is True or name == "kafka"
    assert "privileged" not in service
    assert "memory" in service["deploy"]["resources"]["limits"]
    assert service["restart"] in ("unless-stopped", "on-failure:5")


def test_images_of_others_are_pinned_and_kafka_is_the_one_that_is_tested() -> None:
    images = {name: each["image"] for name, each in SERVICES.items() if name not in OURS}
    assert all(re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", image) for image in images.values())
    (version,) = re.findall(r"<kafka\.version>(.+?)<", POM.read_text())
    assert images["kafka"] == f"apache/kafka:{version}"


def test_workers_have_time_to_drain_and_come_in_twos() -> None:
    for name in ("enrich", "curate"):
        assert seconds(SERVICES[name]["stop_grace_period"]) >= DRAIN_S + 5
        assert SERVICES[name]["deploy"]["replicas"] == 2
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_curate_cannot_reach_the_web() -> None:
    for name in ("curate", "topics", "demo"):
        for network in SERVICES[name]["networks"]:
            assert COMPOSE["networks"][network]["internal"], f"{name} gets out by {network}"
    open_ones = [n for n in SERVICES["enrich"]["networks"] if not COMPOSE["networks"][n]]
    assert open_ones == ["web"]
    assert [name for name in SERVICES if "web" in SERVICES[name]["networks"]] == ["enrich"]


def test_scratch_space_is_a_disk_where_the_image_says() -> None:
    said = [rest for word, rest in instructions((TOP / "deploy/Dockerfile").read_text())]
    (folder,) = {found for rest in said for found in re.findall(r"TMPDIR=(\S+)", rest)}
    assert f"curate-scratch:{folder}" in SERVICES["curate"]["volumes"]
    assert folder not in SERVICES["curate"]["tmpfs"]


def test_one_waits_for_the_other() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert name not in ("topics", "kafka")
                assert other == "topics"


def test_kafka_takes_its_settings(tmp_path: Path) -> None:
    """The image makes properties of the variables; Kafka's own tool reads them, and formats."""
    given = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in settings("kafka").items()
        if key.startswith("KAFKA_") and key != "KAFKA_HEAP_OPTS"
    }
    assert given.pop("log.dirs") in SERVICES["kafka"]["volumes"][0]
    given["log.dirs"] = str(tmp_path / "data")
    properties = tmp_path / "server.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in given.items()))
    order = [find_java(), "-XX:TieredStopAtLevel=1", "-cp", f"{copy_jars()}/*"]
    order += ["kafka.tools.StorageTool", "format", "--config", str(properties)]
    order += ["--cluster-id", settings("kafka")["CLUSTER_ID"]]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "meta.properties").exists()
