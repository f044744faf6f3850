"""Reads a worker's HTTP endpoint as Prometheus and health probes do.

In: a port. Out: the responses, and the samples by metric name and labels.
"""

from http.client import HTTPConnection
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 10.0


class Answer(NamedTuple):
    """A response; the status is 0 if the connection fails."""

    status: int
    text: str


class Samples(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Sample values by metric name and labels."""

    def of(self, name: str, **labels: str) -> float:
        """The sum of all samples of a metric that have these labels, and perhaps others.

        AssertionError if there is none.
        """
        wanted = labels.items()
        values = [
            value
            for (sample_name, sample_labels), value in self.items()
            if sample_name == name and wanted <= dict(sample_labels).items()
        ]
        assert values, f"no sample of {name} with {labels}"
        return sum(values)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values of a metric by the value of one label, without those that are 0."""
        return {
            dict(sample_labels)[label]: value
            for (sample_name, sample_labels), value in self.items()
            if sample_name == name and value
        }


def ask(port: int, path: str) -> Answer:
    """The response to a GET request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode().strip())
    except ConnectionError:
        return Answer(0, "")
    finally:
        connection.close()


def scrape(port: int) -> Samples:
    """All samples of the metrics endpoint. AssertionError if its status is not 200."""
    answer = ask(port, "/metrics")
    assert answer.status == 200, answer
    return Samples(
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    )
