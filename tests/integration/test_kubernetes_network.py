"""deploy/kubernetes: which connections the network policies allow, read as a cluster reads them."""

import ipaddress

import pytest

from tests.support.kustomize import OVERLAYS, Manifest, of_kind, pods, selected

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def egress(overlay: str, stage: str) -> list[Manifest]:
    """The egress rules that apply to the pods of a stage."""
    return [
        rule
        for policy in of_kind(overlay, "NetworkPolicy")
        if stage in selected(overlay, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("egress", [])
    ]


def test_a_policy_covers_every_pod_and_denies_ingress(overlay: str) -> None:
    default_policy, *_ = (
        policy
        for policy in of_kind(overlay, "NetworkPolicy")
        if set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    )
    assert selected(overlay, default_policy["spec"]["podSelector"]) == set(pods(overlay))
    assert "ingress" not in default_policy["spec"]


@pytest.mark.parametrize("stage", ["curate", "topics"])
def test_curate_and_topics_reach_only_dns_and_brokers(overlay: str, stage: str) -> None:
    targets_by_port = {}
    for rule in egress(overlay, stage):
        (target,) = rule["to"]
        assert "ipBlock" not in target
        for port in rule["ports"]:
            targets_by_port[port["port"]] = target.get("podSelector")
    assert targets_by_port == {53: {"matchLabels": {"k8s-app": "kube-dns"}}, 9092: None}


def test_enrich_reaches_the_web_and_no_private_address(overlay: str) -> None:
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
            and not any(ip in ipaddress.ip_network(excepted) for excepted in block["except"])
            for block in blocks
            if ipaddress.ip_network(block["cidr"]).version == ip.version
        )

    assert is_open("93.184.215.14")
    assert is_open("2606:2800:21f::1")
    for closed in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"):
        assert not is_open(closed), closed
    for closed in ("fd00::1", "fe80::1"):
        assert not is_open(closed), closed


def test_ingress_is_allowed_to_the_metrics_port_of_workers_only(overlay: str) -> None:
    (policy,) = (
        candidate
        for candidate in of_kind(overlay, "NetworkPolicy")
        if "ingress" in candidate["spec"]
    )
    assert selected(overlay, policy["spec"]["podSelector"]) == {"enrich", "curate"}
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert rule["from"], "an empty list would allow every source"
