"""The alerts for the Prometheus operator: `python prometheus_rule.py | kubectl apply -f -`.

Enters: deploy/prometheus/alerts.yml, the one place where they are written. Leaves: a PrometheusRule
on standard output, as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ALERTS = Path(__file__).parents[1] / "prometheus" / "alerts.yml"


def prometheus_rule() -> dict[str, Any]:
    """The object."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "newsloom",
            "namespace": "newsloom",
            "labels": {"app.kubernetes.io/name": "newsloom"},
        },
        "spec": yaml.safe_load(ALERTS.read_text()),
    }


if __name__ == "__main__":
    json.dump(prometheus_rule(), sys.stdout, indent=2)
