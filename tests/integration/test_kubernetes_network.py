"""deploy/kubernetes: who may reach whom, read from the network policies as a cluster reads them."""

import ipaddress

import pytest

from tests.support.kustomize import OVERLAYS, Manifest, of_kind, pods, selected

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


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
