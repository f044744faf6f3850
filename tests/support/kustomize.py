"""The objects of deploy/kubernetes as kustomize builds them, and which pods a selector selects.

In: an overlay. Out: its objects. It needs kubectl or kustomize, and talks to no cluster.
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
"""The label that says which stage a pod is of."""

MEND = (
    "neither kubectl nor kustomize is installed: install kubectl 1.27 or newer, or run "
    "`go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1`"
)


@cache
def objects(overlay: str) -> tuple[Manifest, ...]:
    """All objects of an overlay. AssertionError with the mend if there is nothing to build by."""
    folder = KUBERNETES / "overlays" / overlay
    done = subprocess.run([*_builder(), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, *kinds: str) -> Iterator[Manifest]:
    """Those of some kinds; there has to be one."""
    found = [each for each in objects(overlay) if each["kind"] in kinds]
    assert found, f"{overlay} has no {kinds}"
    return iter(found)


def pods(overlay: str) -> dict[str, Manifest]:
    """The templates of all pods, by stage."""
    made = [each["spec"]["template"] for each in of_kind(overlay, "Deployment", "Job")]
    return {template["metadata"]["labels"][COMPONENT]: template for template in made}


def selected(overlay: str, selector: Manifest) -> set[str]:
    """The stages whose pods a selector selects."""
    wanted = selector.get("matchLabels", {}).items()
    names = {s for s, pod in pods(overlay).items() if wanted <= pod["metadata"]["labels"].items()}
    for expression in selector.get("matchExpressions", []):
        assert (expression["key"], expression["operator"]) == (COMPONENT, "In")
        names &= set(expression["values"])
    return names


def _builder() -> list[str]:
    kubectl = shutil.which("kubectl")
    if kubectl:
        return [kubectl, "kustomize"]
    go_path = os.environ.get("GOPATH") or str(Path.home() / "go")
    kustomize = shutil.which("kustomize") or shutil.which("kustomize", path=f"{go_path}/bin")
    assert kustomize, MEND
    return [kustomize, "build"]
