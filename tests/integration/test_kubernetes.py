"""deploy/kubernetes: what kustomize builds is valid, fits together, and fits the program."""

import json
import subprocess
import sys
from typing import Any

import kubernetes_validate
import pytest

from benchmarks.capacity import MIB, Plan, value
from newsloom import __version__
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.kafka.worker.worker import DRAIN_S, RESTORE_TIMEOUT_S
from newsloom.settings import Settings
from tests.support.kustomize import (
    COMPONENT,
    KUBERNETES,
    OVERLAYS,
    objects,
    of_kind,
    pods,
    selected,
)
from tests.support.program import check_command, check_settings

VERSION = "1.34"
FOREIGN_KINDS = {"ServiceMonitor", "ScaledObject"}
"""Of operators: their shapes are not Kubernetes's own, and are tested here by what they name."""

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def test_every_object_is_valid_and_in_the_namespace(overlay: str) -> None:
    for each in objects(overlay):
        if each["kind"] in FOREIGN_KINDS:
            assert overlay == "production", "the small one needs no operator"
        else:
            kubernetes_validate.validate(each, VERSION, strict=True)
        if each["kind"] != "Namespace":
            assert each["metadata"]["namespace"] == "newsloom", each["metadata"]["name"]


def test_commands_settings_and_image_are_the_programs(overlay: str) -> None:
    configs = {each["metadata"]["name"]: each["data"] for each in of_kind(overlay, "ConfigMap")}
    for pod in pods(overlay).values():
        (container,) = pod["spec"]["containers"]
        check_command(container["args"])
        own = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        (source,) = container["envFrom"]
        check_settings(configs[source["configMapRef"]["name"]] | own)
        assert container["image"] == f"newsloom:{__version__}"


@pytest.mark.parametrize("stage", ["enrich", "curate"])
def test_probes_ask_where_the_worker_serves(overlay: str, stage: str) -> None:
    (container,) = pods(overlay)[stage]["spec"]["containers"]
    (port,) = container["ports"]
    default = Settings.model_fields["metrics_port"].default
    assert port["containerPort"] == default + (stage == "curate")
    asked = {
        probe: container[probe]["httpGet"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert {probe["port"] for probe in asked.values()} == {port["name"]}
    assert asked["livenessProbe"]["path"] == asked["startupProbe"]["path"] == "/healthz"
    assert asked["readinessProbe"]["path"] == "/readyz"


@pytest.mark.parametrize("stage", ["enrich", "curate"])
def test_there_is_time_to_drain_and_to_restore(overlay: str, stage: str) -> None:
    (deployment,) = (
        each for each in of_kind(overlay, "Deployment") if each["metadata"]["name"].endswith(stage)
    )
    grace_s = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= DRAIN_S + 5
    assert deployment["spec"]["progressDeadlineSeconds"] > RESTORE_TIMEOUT_S


def test_pods_may_do_nothing_that_they_need_not(overlay: str) -> None:
    for stage, pod in pods(overlay).items():
        spec = pod["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"], stage
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_scratch_space_is_a_disk_where_the_program_looks_for_it(overlay: str) -> None:
    spec = pods(overlay)["curate"]["spec"]
    (mount,) = spec["containers"][0]["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount == {"name": volume["name"], "mountPath": "/var/tmp"}
    assert volume["emptyDir"].get("medium", "") != "Memory"


def mebibytes(quantity: str) -> int:
    number, unit = int(quantity[:-2]), quantity[-2:]
    return number * {"Mi": 1, "Gi": 1024}[unit]


def test_there_is_room_for_the_articles_that_it_is_for(overlay: str) -> None:
    plan = Plan({"small": 10_000, "production": 100_000}[overlay])
    asked = {
        stage: pod["spec"]["containers"][0]["resources"] for stage, pod in pods(overlay).items()
    }
    assert plan.lanes == 1
    assert plan.lane_memory / MIB < 0.75 * mebibytes(asked["curate"]["limits"]["memory"])
    assert value("enrich_mib") < 0.75 * mebibytes(asked["enrich"]["limits"]["memory"])
    (scratch,) = pods(overlay)["curate"]["spec"]["volumes"]
    assert plan.lane_scratch / MIB < 0.75 * mebibytes(scratch["emptyDir"]["sizeLimit"])


def test_selectors_select_what_they_are_for(overlay: str) -> None:
    for each in of_kind(overlay, "Deployment"):
        stage = each["spec"]["template"]["metadata"]["labels"][COMPONENT]
        assert selected(overlay, each["spec"]["selector"]) == {stage}
        (container,) = each["spec"]["template"]["spec"]["containers"]
        for budget in of_kind(overlay, "PodDisruptionBudget"):
            if budget["metadata"]["name"] == each["metadata"]["name"]:
                assert selected(overlay, budget["spec"]["selector"]) == {stage}
        (service,) = (
            service
            for service in of_kind(overlay, "Service")
            if selected(overlay, {"matchLabels": service["spec"]["selector"]}) == {stage}
        )
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == container["ports"][0]["name"]
    budgets = [b["metadata"]["name"] for b in of_kind(overlay, "PodDisruptionBudget")]
    assert sorted(budgets) == sorted(
        each["metadata"]["name"] for each in of_kind(overlay, "Deployment")
    )


def found(overlay: str, kind: str) -> dict[str, Any]:
    if overlay == "small":
        return {}
    (each,) = of_kind(overlay, kind)
    spec: dict[str, Any] = each["spec"]
    return spec


def test_the_service_monitor_finds_the_services(overlay: str) -> None:
    spec = found(overlay, "ServiceMonitor")
    if spec:
        assert set(spec) == {"selector", "endpoints"}
        (endpoint,) = spec["endpoints"]
        assert endpoint == {"port": "metrics", "path": "/metrics", "interval": "15s"}
        for service in of_kind(overlay, "Service"):
            wanted = spec["selector"]["matchLabels"].items()
            assert wanted <= service["metadata"]["labels"].items()
            assert service["spec"]["ports"][0]["name"] == endpoint["port"]


def test_the_alerts_are_those_that_promtool_tries(overlay: str) -> None:
    script = KUBERNETES / "prometheus_rule.py"
    done = subprocess.run([sys.executable, script], capture_output=True, check=True)
    rule = json.loads(done.stdout)
    (namespace,) = of_kind(overlay, "Namespace")
    assert (rule["kind"], rule["metadata"]["namespace"]) == (
        "PrometheusRule",
        namespace["metadata"]["name"],
    )
    assert rule["spec"].keys() == {"groups"}
    for group in rule["spec"]["groups"]:
        assert all("expr" in each for each in group["rules"])


def test_enrich_scales_by_the_lag_of_its_own_group(overlay: str) -> None:
    spec = found(overlay, "ScaledObject")
    if spec:
        settings = {each["metadata"]["name"]: each for each in of_kind(overlay, "Deployment")}
        target = settings[spec["scaleTargetRef"]["name"]]
        assert "replicas" not in target["spec"], "an apply would set it back"
        (trigger,) = spec["triggers"]
        (config,) = (each["data"] for each in of_kind(overlay, "ConfigMap"))
        defaults = Settings.model_fields
        assert trigger["type"] == "kafka"
        assert trigger["metadata"] == {
            "bootstrapServers": config["NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS"],
            "consumerGroup": f"{defaults['kafka_group_prefix'].default}enrich",
            "topic": KafkaTopics(defaults["kafka_topic_prefix"].default).article_events,
            "lagThreshold": "1500",
            "offsetResetPolicy": "earliest",
            "allowIdleConsumers": "false",
        }
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        *_, partitions = pods(overlay)["topics"]["spec"]["containers"][0]["args"]
        assert int(partitions) == spec["maxReplicaCount"]
