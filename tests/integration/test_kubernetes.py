"""deploy/kubernetes: what kustomize builds is valid, fits together, and fits the program."""

import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from benchmarks.capacity import MIB, Plan, value
from newsloom import __version__
from newsloom.runtimes.kafka.topics import Topics
from newsloom.runtimes.kafka.worker import DRAIN_S, RESTORE_TIMEOUT_S
from newsloom.settings import Settings
from tests.support.kustomize import Manifest, build_objects
from tests.support.program import check_command, check_settings

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("small", "production")
VERSION = "1.34"
FOREIGN_KINDS = {"ServiceMonitor", "ScaledObject"}
"""Of operators: their shapes are not Kubernetes's own, and are tested here by what they name."""
LABEL = "app.kubernetes.io/component"

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def objects(overlay: str) -> tuple[Manifest, ...]:
    return tuple(build_objects(KUBERNETES / "overlays" / overlay))


def of_kind(overlay: str, *kinds: str) -> Iterator[Manifest]:
    found = [each for each in objects(overlay) if each["kind"] in kinds]
    assert found, f"{overlay} has no {kinds}"
    return iter(found)


def pods(overlay: str) -> dict[str, Manifest]:
    """The templates of all pods, by stage."""
    made = [each["spec"]["template"] for each in of_kind(overlay, "Deployment", "Job")]
    return {template["metadata"]["labels"][LABEL]: template for template in made}


def selected(overlay: str, selector: Manifest) -> set[str]:
    """The stages whose pods a selector selects."""
    wanted = selector.get("matchLabels", {}).items()
    names = {s for s, pod in pods(overlay).items() if wanted <= pod["metadata"]["labels"].items()}
    for expression in selector.get("matchExpressions", []):
        assert (expression["key"], expression["operator"]) == (LABEL, "In")
        names &= set(expression["values"])
    return names


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
        stage = each["spec"]["template"]["metadata"]["labels"][LABEL]
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


def egress(overlay: str, stage: str) -> list[Manifest]:
    """All that pods of a stage may reach."""
    return [
        rule
        for policy in of_kind(overlay, "NetworkPolicy")
        if stage in selected(overlay, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("egress", [])
    ]


def test_nobody_is_without_a_policy(overlay: str) -> None:
    everywhere, *_ = (
        policy
        for policy in of_kind(overlay, "NetworkPolicy")
        if set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    )
    assert selected(overlay, everywhere["spec"]["podSelector"]) == set(pods(overlay))
    assert "ingress" not in everywhere["spec"]


@pytest.mark.parametrize("stage", ["curate", "topics"])
def test_only_names_and_brokers_are_reached_without_the_web(overlay: str, stage: str) -> None:
    reached = {}
    for rule in egress(overlay, stage):
        (target,) = rule["to"]
        assert "ipBlock" not in target
        for port in rule["ports"]:
            reached[port["port"]] = target.get("podSelector")
    assert reached == {53: {"matchLabels": {"k8s-app": "kube-dns"}}, 9092: None}


def test_enrich_reaches_the_web_and_not_what_is_private(overlay: str) -> None:
    blocks = [
        target["ipBlock"]
        for rule in egress(overlay, "enrich")
        for target in rule["to"]
        if "ipBlock" in target and {port["port"] for port in rule["ports"]} == {80, 443}
    ]

    def is_open(address: str) -> bool:
        ip = ipaddress.ip_address(address)
        return any(
            ip in ipaddress.ip_network(block["cidr"])
            and not any(ip in ipaddress.ip_network(not_) for not_ in block["except"])
            for block in blocks
            if ipaddress.ip_network(block["cidr"]).version == ip.version
        )

    assert is_open("93.184.215.14")
    assert is_open("2606:2800:21f::1")
    for closed in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"):
        assert not is_open(closed), closed
    for closed in ("fd00::1", "fe80::1"):
        assert not is_open(closed), closed


def test_only_workers_are_scraped_and_by_the_port_they_have(overlay: str) -> None:
    (policy,) = (p for p in of_kind(overlay, "NetworkPolicy") if "ingress" in p["spec"])
    assert selected(overlay, policy["spec"]["podSelector"]) == {"enrich", "curate"}
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert rule["from"], "anybody might"


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
            "topic": Topics(defaults["kafka_topic_prefix"].default).article_events,
            "lagThreshold": "1500",
            "offsetResetPolicy": "earliest",
            "allowIdleConsumers": "false",
        }
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        *_, partitions = pods(overlay)["topics"]["spec"]["containers"][0]["args"]
        assert int(partitions) == spec["maxReplicaCount"]
