"""The copies of each root among the live articles, in the order of first sight."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator


class Copies:
    """Live duplicates by the id of their root, which need not be live, as (sequence, id)."""

    def __init__(self) -> None:
        self._by_root: dict[str, list[tuple[int, str]]] = {}

    def add(self, root_id: str, sequence: int, article_id: str) -> None:
        """Adds a copy of a root."""
        insort(self._by_root.setdefault(root_id, []), (sequence, article_id))

    def discard(self, root_id: str, sequence: int, article_id: str) -> None:
        """Removes a copy of a root."""
        copies = self._by_root[root_id]
        del copies[bisect_left(copies, (sequence, article_id))]
        if not copies:
            del self._by_root[root_id]

    def __contains__(self, root_id: str) -> bool:
        """Whether a root has copies."""
        return root_id in self._by_root

    def has(self, root_id: str, sequence: int, article_id: str) -> bool:
        """Whether the article with that sequence is a copy of a root."""
        copies = self._by_root.get(root_id, ())
        place = bisect_left(copies, (sequence, article_id))
        return copies[place : place + 1] == [(sequence, article_id)]

    def count(self, root_id: str) -> int:
        """The number of copies of a root."""
        return len(self._by_root.get(root_id, ()))

    def latest(self, root_id: str, count: int) -> list[str]:
        """The ids of the `count` copies that were seen last, in the order of first sight."""
        return [article_id for _, article_id in self._by_root.get(root_id, [])[-count:]]

    def after(self, root_id: str, sequence: int, count: int | None = None) -> list[tuple[int, str]]:
        """The first `count` copies, or all, whose sequence is higher than `sequence`."""
        copies = self._by_root.get(root_id, [])
        start = bisect_right(copies, sequence, key=lambda copy: copy[0])
        return copies[start : None if count is None else start + count]

    def items(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Every root that has copies, with its copies."""
        return iter(self._by_root.items())
