"""A hash index: numbers by 128-bit id, in a few bytes an entry. A dict would take a hundred.

It is an open-addressing table with linear probing. It stores numbers only; the caller knows the id
of each number.
"""

from array import array
from collections.abc import Callable, Sequence

_FIRST_SIZE = 64


class HashIndex:
    """The numbers of entries, which are 1 or more, by the first bytes of their ids."""

    def __init__(self, key_of: Callable[[int], int]) -> None:
        """`key_of` returns the key of a number that is in the index."""
        self._key_of = key_of
        self._table = array("I", bytes(4 * _FIRST_SIZE))
        self._count = 0

    def candidates(self, key: int) -> Sequence[int]:
        """The numbers that have a key: rarely more than one."""
        table = self._table
        mask = len(table) - 1
        place = key & mask
        if not table[place]:
            return ()
        found = []
        while number := table[place]:
            if self._key_of(number) == key:
                found.append(number)
            place = (place + 1) & mask
        return found

    def reserve(self, count: int) -> None:
        """Makes space for `count` more numbers at once, which is faster than bit by bit."""
        size = len(self._table)
        while 2 * (self._count + count) > size:
            size *= 2
        if size > len(self._table):
            self._resize(size)

    def add(self, key: int, number: int) -> None:
        """Adds a number that is not in the index."""
        if 2 * (self._count + 1) > len(self._table):
            self._resize(2 * len(self._table))
        self._count += 1
        self._put(key, number)

    def remove(self, key: int, number: int) -> None:
        """Removes a number that is in the index, before its key is forgotten."""
        table = self._table
        mask = len(table) - 1
        place = key & mask
        while table[place] != number:
            place = (place + 1) & mask
        self._count -= 1
        hole = place
        while number := table[place := (place + 1) & mask]:
            # An entry fills the hole unless its own place lies between the hole and it.
            home = self._key_of(number) & mask
            if (place - home) & mask >= (place - hole) & mask:
                table[hole], hole = number, place
        table[hole] = 0

    def _put(self, key: int, number: int) -> None:
        mask = len(self._table) - 1
        place = key & mask
        while self._table[place]:
            place = (place + 1) & mask
        self._table[place] = number

    def _resize(self, size: int) -> None:
        numbers = [number for number in self._table if number]
        self._table = array("I", bytes(4 * size))
        for number in numbers:
            self._put(self._key_of(number), number)
