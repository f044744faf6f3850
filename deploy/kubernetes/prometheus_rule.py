"""Print the alerts as an object for the Prometheus operator.

    python deploy/kubernetes/prometheus_rule.py | kubectl apply -f -

In: deploy/prometheus/alerts.yml, the only place where the alerts are defined. Out: a PrometheusRule
as JSON on standard output. Needs PyYAML.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ALERTS = Path(__file__).parents[1] / "prometheus" / "alerts.yml"


def prometheus_rule() -> dict[str, Any]:
    """The PrometheusRule `newsloom` in the namespace `newsloom`."""
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
