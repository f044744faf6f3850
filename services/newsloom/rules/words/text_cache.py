"""A cache of what is computed from texts, with a bound on the texts' total length.

A bound on the number of texts would not bound the memory: texts have up to thousands of characters.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class TextCache(dict[str, V], Generic[V]):
    """The values that `compute` gives, by text: `cache[text]`. It keeps no order of use.

    When the texts have more than `max_characters` together, the cache is emptied. A cached value
    should take memory in proportion to its text.
    """

    def __init__(self, compute: Callable[[str], V], max_characters: int) -> None:
        super().__init__()
        self._compute = compute
        self._max_characters = max_characters
        self._characters = 0

    def __missing__(self, text: str) -> V:
        if self._characters > self._max_characters:
            self.clear()
            self._characters = 0
        self[text] = found = self._compute(text)
        self._characters += len(text)
        return found
