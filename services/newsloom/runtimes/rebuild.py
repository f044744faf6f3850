"""Rebuilding an output folder: its inputs are curated anew, and the difference is published.

The inputs are curated by an ordinary run in a folder of its own, which publishes to nobody. Its
state then takes over what the inputs no longer hold, and replaces the former state in the same
transaction that adds the differing records to the published ones. Until then the output folder is
as it was. A rebuild that ends early goes on with its inputs when it is started again.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.positions import Position
from newsloom.adapters.inputs.sources import DATABASE, PROJECTIONS
from newsloom.adapters.storage.documents import write_documents
from newsloom.adapters.storage.last_records import LastRecords
from newsloom.adapters.storage.store import Batch, Store
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.rows import LANE_KEY, LaneRow, decode_row, encode_row
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Result
from newsloom.pipeline.rebuilding.adopting import Adoption
from newsloom.runtimes.lane import FULL_TRANSACTION

REBUILD_FOLDER = "rebuild"
"""The folder of the run, below the output folder."""


class Rebuilt(NamedTuple):
    """The result of a rebuild: the lines added to each projection, and the articles that the
    inputs no longer hold."""

    published: dict[str, int]
    lost: int


def open_rebuild(folder: Path, store: Store, basis: str) -> Store:
    """The store of the run that curates the inputs of `store`, the store of `folder`, anew.

    It goes on with the run of a rebuild that ended early, if nothing of its `basis` has changed
    since, the state of the folder included. Raises OutageError.
    """
    lane = next((decode_row(k, v) for k, v in store.rows() if k == LANE_KEY), LaneRow())
    assert isinstance(lane, LaneRow)
    basis = f"{basis} {lane.revision}"
    _refuse_other_files(folder / REBUILD_FOLDER)
    rebuild = Store(folder / REBUILD_FOLDER)
    if rebuild.basis() == basis:
        return rebuild
    rebuild.close()
    shutil.rmtree(folder / REBUILD_FOLDER)
    rebuild = Store(folder / REBUILD_FOLDER)
    first: dict[str, bytes | None] = {LANE_KEY: encode_row(LaneRow(revision=lane.revision))}
    starts = {path: _start(store.position(path)) for path in store.inputs()}
    rebuild.commit(Batch(rows=first, positions=starts))
    rebuild.keep_basis(basis)
    return rebuild


def _refuse_other_files(folder: Path) -> None:
    """Raises OutageError if a folder holds what no rebuild wrote: it would be deleted."""
    own = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", *PROJECTIONS)
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in own:
            raise OutageError(f"{path} is in the place of a rebuild: move it away")


def _start(position: Position) -> Position:
    """The beginning of an input, which counts as arrived when it did before."""
    return Position(opened_at=position.opened_at, opened_bytes=position.opened_bytes)


def finish_rebuild(
    folder: Path, store: Store, rebuild: Store, former: State, new: State, policy: Policy
) -> Rebuilt:
    """Replaces the former state of a folder by the new one, once all inputs are curated.

    Raises OutageError. If it or the process ends before the state is replaced, the next rebuild
    begins again.
    """
    rebuild.keep_basis("")
    records, lost = adopt(store, rebuild, former, new, policy)
    counts = dict.fromkeys(PROJECTIONS, 0)
    store.replace(
        folder / REBUILD_FOLDER,
        {name: _counted(records.differing(name), counts, name) for name in PROJECTIONS},
    )
    if (folder / "articles").is_dir():
        write_documents(folder, store.published("curated.jsonl", store.documents_end()))
        store.mark_documents_written()
    rebuild.close()
    shutil.rmtree(folder / REBUILD_FOLDER)
    return Rebuilt(counts, lost)


def _counted(lines: Iterable[bytes], counts: dict[str, int], name: str) -> Iterable[bytes]:
    for line in lines:
        counts[name] += 1
        yield line


def adopt(
    held: Store,
    rebuild: Store,
    former: State,
    new: State,
    policy: Policy,
    outcomes: Mapping[str, int] | None = None,
) -> tuple[LastRecords, int]:
    """Takes over what the inputs of a rebuild do not hold; returns all records, and the number of
    articles that the inputs do not hold.

    `held` has what was published before. The rows and records of `new` are in `rebuild`. `outcomes`
    are the counts of the lane, by default those of the inputs that were curated anew.
    """
    records = LastRecords(held, rebuild)
    records.refresh()
    adoption = Adoption(former, Curator(new, policy), policy, records, outcomes)
    _commit(rebuild, adoption.take_over())
    records.refresh()
    _commit(rebuild, adoption.finish())
    records.refresh()
    return records, len(adoption.lost_ids)


def _commit(store: Store, steps: Iterable[Result]) -> None:
    batch = Batch()
    for step in steps:
        batch = add_step(store, batch, step)
    store.commit(batch)


def add_step(store: Store, batch: Batch, step: Result) -> Batch:
    """Adds a step to a batch, and commits it if it is full; returns the batch to go on with."""
    batch.lines["curated.jsonl"] += [record.value + b"\n" for record in step.curated]
    batch.lines["stories.jsonl"] += [record.value + b"\n" for record in step.stories]
    batch.rows.update(step.rows)
    if batch.size < FULL_TRANSACTION:
        return batch
    store.commit(batch)
    return Batch()
