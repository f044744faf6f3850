"""docker-compose.yml is valid and grants few rights. Its files, commands and settings exist."""

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
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")

for_each_service = pytest.mark.parametrize("name", SERVICES)
for_each_built_service = pytest.mark.parametrize("name", BUILT)


def settings(name: str) -> dict[str, str]:
    """The environment of a service, with the default of each `${VARIABLE:-default}`."""
    environment = SERVICES[name].get("environment", {})
    return {key: VARIABLE.sub(r"\1", str(value)) for key, value in environment.items()}


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration.removesuffix("s"))


def test_file_matches_the_compose_schema() -> None:
    schemas = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(COMPOSE)
    assert not validator.is_valid({"services": {"kafka": {"read-only": True}}})


@for_each_built_service
def test_commands_and_settings_exist_in_the_program(name: str) -> None:
    check_command(SERVICES[name]["command"])
    check_settings(settings(name))
    assert SERVICES[name]["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}


@for_each_service
def test_mounted_files_and_volumes_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (TOP / source).exists(), source
            assert mode == ["ro"], f"{source} must be mounted read-only"
        else:
            assert source in COMPOSE["volumes"]


def test_services_read_the_paths_that_are_mounted() -> None:
    """The demo's input, and the configuration of Prometheus and Grafana."""
    assert (TOP / "examples" / Path(SERVICES["demo"]["command"][1]).name).exists()
    assert "./examples:/examples:ro" in SERVICES["demo"]["volumes"]
    assert (TOP / "deploy" / "prometheus" / "prometheus.yml").exists()
    provisioning = TOP / "deploy" / "grafana" / "provisioning"
    (provider,) = provisioning.glob("dashboards/*.yml")
    (folder,) = (
        entry["options"]["path"] for entry in yaml.safe_load(provider.read_text())["providers"]
    )
    assert f"./deploy/grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    (source,) = provisioning.glob("datasources/*.yml")
    (datasource,) = yaml.safe_load(source.read_text())["datasources"]
    assert datasource["url"] == "http://prometheus:9090"


def test_prometheus_scrapes_every_replica_of_both_stages() -> None:
    config = yaml.safe_load((TOP / "deploy" / "prometheus" / "prometheus.yml").read_text())
    scraped = {
        name: discovery["port"]
        for job in config["scrape_configs"]
        for discovery in job.get("dns_sd_configs", [])
        for name in discovery["names"]
    }
    enrich_port = Settings.model_fields["metrics_port"].default
    assert scraped == {"enrich": enrich_port, "curate": enrich_port + 1}
    for name in scraped:
        assert set(SERVICES[name]["networks"]) & set(SERVICES["prometheus"]["networks"])


@for_each_service
def test_ports_are_published_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)


@for_each_service
def test_service_has_no_needless_rights_and_a_memory_limit(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") is True or name == "kafka"
    assert "privileged" not in service
    assert "memory" in service["deploy"]["resources"]["limits"]
    assert service["restart"] in ("unless-stopped", "on-failure:5")


def test_third_party_images_are_pinned_and_kafka_has_the_tested_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items() if name not in BUILT}
    assert all(re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", image) for image in images.values())
    (version,) = re.findall(r"<kafka\.version>(.+?)<", POM.read_text())
    assert images["kafka"] == f"apache/kafka:{version}"


def test_workers_have_time_to_drain_and_two_replicas() -> None:
    for name in ("enrich", "curate"):
        assert seconds(SERVICES[name]["stop_grace_period"]) >= DRAIN_S + 5
        assert SERVICES[name]["deploy"]["replicas"] == 2
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_curate_cannot_reach_the_web() -> None:
    for name in ("curate", "topics", "demo"):
        for network in SERVICES[name]["networks"]:
            assert COMPOSE["networks"][network]["internal"], (
                f"{name} can reach the web through {network}"
            )
    open_networks = [n for n in SERVICES["enrich"]["networks"] if not COMPOSE["networks"][n]]
    assert open_networks == ["web"]
    assert [name for name in SERVICES if "web" in SERVICES[name]["networks"]] == ["enrich"]


def test_scratch_volume_is_mounted_at_the_tmpdir_of_the_image() -> None:
    arguments = [rest for _, rest in instructions((TOP / "deploy/Dockerfile").read_text())]
    (folder,) = {path for rest in arguments for path in re.findall(r"TMPDIR=(\S+)", rest)}
    assert f"curate-scratch:{folder}" in SERVICES["curate"]["volumes"]
    assert folder not in SERVICES["curate"]["tmpfs"]


def test_services_wait_for_health_or_for_the_topics_job() -> None:
    for name, service in SERVICES.items():
        for other, dependency in service.get("depends_on", {}).items():
            if dependency["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"]
            else:
                assert dependency["condition"] == "service_completed_successfully"
                assert name not in ("topics", "kafka")
                assert other == "topics"


def test_kafka_accepts_its_settings(tmp_path: Path) -> None:
    """Kafka's own tool formats a folder with them. The image turns variables into properties."""
    broker_settings = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in settings("kafka").items()
        if key.startswith("KAFKA_") and key != "KAFKA_HEAP_OPTS"
    }
    assert broker_settings.pop("log.dirs") in SERVICES["kafka"]["volumes"][0]
    broker_settings["log.dirs"] = str(tmp_path / "data")
    properties = tmp_path / "server.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in broker_settings.items()))
    command = [find_java(), "-XX:TieredStopAtLevel=1", "-cp", f"{copy_jars()}/*"]
    command += ["kafka.tools.StorageTool", "format", "--config", str(properties)]
    command += ["--cluster-id", settings("kafka")["CLUSTER_ID"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "meta.properties").exists()
