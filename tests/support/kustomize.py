"""Kubernetes objects as kustomize builds them.

In: a folder with a kustomization. Out: the objects. It needs kubectl or kustomize, and talks to no
cluster.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

MEND = (
    "neither kubectl nor kustomize is installed: install kubectl 1.27 or newer, or run "
    "`go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1`"
)


def build_objects(folder: Path) -> list[Manifest]:
    """All objects of an overlay. AssertionError with the mend if there is nothing to build by."""
    done = subprocess.run([*_builder(), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def _builder() -> list[str]:
    kubectl = shutil.which("kubectl")
    if kubectl:
        return [kubectl, "kustomize"]
    go_path = os.environ.get("GOPATH") or str(Path.home() / "go")
    kustomize = shutil.which("kustomize") or shutil.which("kustomize", path=f"{go_path}/bin")
    assert kustomize, MEND
    return [kustomize, "build"]
