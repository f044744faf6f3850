"""A worker's endpoint as Prometheus and probes see it.

In: a port. Out: what it answers, samples by name and labels.
"""

from http.client import HTTPConnection
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 10.0


class Answer(NamedTuple):
    """The status is 0 where nobody answers."""

    status: int
    text: str


class Samples(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Values by name and labels."""

    def of(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name with those labels, among others."""
        wanted = labels.items()
        found = [v for (n, has), v in self.items() if n == name and wanted <= dict(has).items()]
        assert found, f"no sample of {name} with {labels}"
        return sum(found)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values of all samples of that name by one label, but for those that are 0."""
        return {dict(has)[label]: v for (n, has), v in self.items() if n == name and v}


def ask(port: int, path: str) -> Answer:
    """What is answered to a GET."""
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
    """All samples there are."""
    answer = ask(port, "/metrics")
    assert answer.status == 200, answer
    return Samples(
        ((sample.name, frozenset(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    )
