"""deploy/kubernetes: the objects from kustomize are valid, and match each other and the program."""

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
"""Kinds of operators. Kubernetes has no schema for them; tests check what they refer to."""

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def test_every_object_is_valid_and_in_the_namespace(overlay: str) -> None:
    for manifest in objects(overlay):
        if manifest["kind"] in FOREIGN_KINDS:
            assert overlay == "production", "the small overlay must need no operator"
        else:
            kubernetes_validate.validate(manifest, VERSION, strict=True)
        if manifest["kind"] != "Namespace":
            assert manifest["metadata"]["namespace"] == "newsloom", manifest["metadata"]["name"]


def test_commands_settings_and_image_match_the_program(overlay: str) -> None:
    configs = {
        config["metadata"]["name"]: config["data"] for config in of_kind(overlay, "ConfigMap")
    }
    for pod in pods(overlay).values():
        (container,) = pod["spec"]["containers"]
        check_command(container["args"])
        environment = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        (source,) = container["envFrom"]
        check_settings(configs[source["configMapRef"]["name"]] | environment)
        assert container["image"] == f"newsloom:{__version__}"


@pytest.mark.parametrize("stage", ["enrich", "curate"])
def test_probes_use_the_port_and_paths_of_the_worker(overlay: str, stage: str) -> None:
    (container,) = pods(overlay)[stage]["spec"]["containers"]
    (port,) = container["ports"]
    default = Settings.model_fields["metrics_port"].default
    assert port["containerPort"] == default + (stage == "curate")
    requests = {
        probe: container[probe]["httpGet"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert {probe["port"] for probe in requests.values()} == {port["name"]}
    assert requests["livenessProbe"]["path"] == requests["startupProbe"]["path"] == "/healthz"
    assert requests["readinessProbe"]["path"] == "/readyz"


@pytest.mark.parametrize("stage", ["enrich", "curate"])
def test_workers_have_time_to_drain_and_to_restore(overlay: str, stage: str) -> None:
    (deployment,) = (
        deployment
        for deployment in of_kind(overlay, "Deployment")
        if deployment["metadata"]["name"].endswith(stage)
    )
    grace_s = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= DRAIN_S + 5
    assert deployment["spec"]["progressDeadlineSeconds"] > RESTORE_TIMEOUT_S


def test_pods_have_no_needless_rights_and_a_memory_limit(overlay: str) -> None:
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


def test_scratch_volume_is_on_disk_and_mounted_at_var_tmp(overlay: str) -> None:
    spec = pods(overlay)["curate"]["spec"]
    (mount,) = spec["containers"][0]["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount == {"name": volume["name"], "mountPath": "/var/tmp"}
    assert volume["emptyDir"].get("medium", "") != "Memory"


def mebibytes(quantity: str) -> int:
    number, unit = int(quantity[:-2]), quantity[-2:]
    return number * {"Mi": 1, "Gi": 1024}[unit]


def test_memory_and_disk_limits_suffice_for_the_planned_articles(overlay: str) -> None:
    plan = Plan({"small": 10_000, "production": 100_000}[overlay])
    resources = {
        stage: pod["spec"]["containers"][0]["resources"] for stage, pod in pods(overlay).items()
    }
    assert plan.lanes == 1
    assert plan.lane_memory / MIB < 0.75 * mebibytes(resources["curate"]["limits"]["memory"])
    assert value("enrich_mib") < 0.75 * mebibytes(resources["enrich"]["limits"]["memory"])
    (scratch,) = pods(overlay)["curate"]["spec"]["volumes"]
    assert plan.lane_scratch / MIB < 0.75 * mebibytes(scratch["emptyDir"]["sizeLimit"])


def test_selectors_match_the_pods_of_one_stage(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        stage = deployment["spec"]["template"]["metadata"]["labels"][COMPONENT]
        assert selected(overlay, deployment["spec"]["selector"]) == {stage}
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        for budget in of_kind(overlay, "PodDisruptionBudget"):
            if budget["metadata"]["name"] == deployment["metadata"]["name"]:
                assert selected(overlay, budget["spec"]["selector"]) == {stage}
        (service,) = (
            service
            for service in of_kind(overlay, "Service")
            if selected(overlay, {"matchLabels": service["spec"]["selector"]}) == {stage}
        )
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == container["ports"][0]["name"]
    budgets, deployments = (
        sorted(manifest["metadata"]["name"] for manifest in of_kind(overlay, kind))
        for kind in ("PodDisruptionBudget", "Deployment")
    )
    assert budgets == deployments


def operator_spec(overlay: str, kind: str) -> dict[str, Any]:
    """The spec of the one object of an operator's kind; empty in the small overlay."""
    if overlay == "small":
        return {}
    (manifest,) = of_kind(overlay, kind)
    spec: dict[str, Any] = manifest["spec"]
    return spec


def test_service_monitor_selects_the_services(overlay: str) -> None:
    spec = operator_spec(overlay, "ServiceMonitor")
    if spec:
        assert set(spec) == {"selector", "endpoints"}
        (endpoint,) = spec["endpoints"]
        assert endpoint == {"port": "metrics", "path": "/metrics", "interval": "15s"}
        for service in of_kind(overlay, "Service"):
            wanted = spec["selector"]["matchLabels"].items()
            assert wanted <= service["metadata"]["labels"].items()
            assert service["spec"]["ports"][0]["name"] == endpoint["port"]


def test_prometheus_rule_has_the_namespace_and_an_expression_for_each_rule(overlay: str) -> None:
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
        assert all("expr" in entry for entry in group["rules"])


def test_enrich_scales_by_the_lag_of_its_consumer_group(overlay: str) -> None:
    spec = operator_spec(overlay, "ScaledObject")
    if spec:
        deployments = {
            deployment["metadata"]["name"]: deployment
            for deployment in of_kind(overlay, "Deployment")
        }
        target = deployments[spec["scaleTargetRef"]["name"]]
        assert "replicas" not in target["spec"], "each apply would reset the number of replicas"
        (trigger,) = spec["triggers"]
        (config,) = (manifest["data"] for manifest in of_kind(overlay, "ConfigMap"))
        topics = KafkaTopics(Settings.model_fields["kafka_topic_prefix"].default)
        assert trigger["type"] == "kafka"
        assert trigger["metadata"] == {
            "bootstrapServers": config["NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS"],
            "consumerGroup": topics.group("enrich"),
            "topic": topics.article_events,
            "lagThreshold": "1500",
            "offsetResetPolicy": "earliest",
            "allowIdleConsumers": "false",
        }
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        *_, partitions = pods(overlay)["topics"]["spec"]["containers"][0]["args"]
        assert int(partitions) == spec["maxReplicaCount"]
