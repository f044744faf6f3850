"""The page about the metrics, `docs/metrics.md`, made from their declarations.

In: declarations. Out: Markdown, the same for the same code. Nothing is read or written here.
"""

from collections.abc import Iterable
from itertools import groupby

from newsloom.observability.definitions import ALL, LABELS

_HEAD = """\
<!-- Made by `newsloom schemas export`; change observability/definitions.py instead. -->
# Metrics

Every worker serves them at `/metrics`; [watching.md](watching.md) says where, and what else it
answers. Counters are of one process and begin anew with it. Beside these there are the
`process_*` metrics of the Prometheus client (start time, memory, processor time, open files).

| label | values |
|---|---|
"""
_ROWS = """
| metric | kind | labels | set by | what to infer |
|---|---|---|---|---|
"""


def metrics_page() -> str:
    """The whole page: a table of labels, then one of metrics."""
    labels = "".join(f"| `{name}` | {said} |\n" for name, said in LABELS.items())
    rows = "".join(
        f"| `{one.name}` | {one.kind.__name__.lower()} | {_listed(one.labels)} "
        f"| {', '.join(one.set_by)} | {one.meaning} |\n"
        for one in ALL
    )
    buckets = "".join(
        f"- {_listed(one.name for one in alike)}: {', '.join(f'{edge:g}' for edge in edges)}\n"
        for edges, alike in groupby((one for one in ALL if one.buckets), lambda one: one.buckets)
    )
    return f"{_HEAD}{labels}{_ROWS}{rows}\nUpper edges of buckets, in seconds:\n{buckets}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
