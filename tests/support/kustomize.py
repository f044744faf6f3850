"""Builds the objects of deploy/kubernetes with kustomize, and resolves selectors to pods.

In: an overlay. Out: its objects. It needs kubectl or kustomize, and never contacts a cluster.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("small", "production")
COMPONENT = "app.kubernetes.io/component"
"""The label with the stage of a pod."""

INSTALL_HINT = (
    "neither kubectl nor kustomize is installed: install kubectl 1.27 or newer, or run "
    "`go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1`"
)


@cache
def objects(overlay: str) -> tuple[Manifest, ...]:
    """All objects of an overlay. AssertionError with the fix if no builder is installed."""
    folder = KUBERNETES / "overlays" / overlay
    completed = subprocess.run(
        [*_builder(), str(folder)], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return tuple(yaml.safe_load_all(completed.stdout))


def of_kind(overlay: str, *kinds: str) -> Iterator[Manifest]:
    """The objects of these kinds. AssertionError if there is none."""
    manifests = [manifest for manifest in objects(overlay) if manifest["kind"] in kinds]
    assert manifests, f"the overlay {overlay} has no object of kind {kinds}"
    return iter(manifests)


def pods(overlay: str) -> dict[str, Manifest]:
    """The pod templates of all Deployments and Jobs, by stage."""
    workloads = of_kind(overlay, "Deployment", "Job")
    templates = [workload["spec"]["template"] for workload in workloads]
    return {template["metadata"]["labels"][COMPONENT]: template for template in templates}


def selected(overlay: str, selector: Manifest) -> set[str]:
    """The stages whose pods a selector selects."""
    wanted = selector.get("matchLabels", {}).items()
    stages = {s for s, pod in pods(overlay).items() if wanted <= pod["metadata"]["labels"].items()}
    for expression in selector.get("matchExpressions", []):
        assert (expression["key"], expression["operator"]) == (COMPONENT, "In")
        stages &= set(expression["values"])
    return stages


def _builder() -> list[str]:
    kubectl = shutil.which("kubectl")
    if kubectl:
        return [kubectl, "kustomize"]
    go_path = os.environ.get("GOPATH") or str(Path.home() / "go")
    kustomize = shutil.which("kustomize") or shutil.which("kustomize", path=f"{go_path}/bin")
    assert kustomize, INSTALL_HINT
    return [kustomize, "build"]
