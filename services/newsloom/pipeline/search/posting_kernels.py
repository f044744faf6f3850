"""Posting lists in two flat arrays of integers, worked on by compiled loops.

An entry is a document's number, of which the last bits are kept, above its weight there: 32 bits.
What of two numbers is the later is told by how far they lie behind the `newest`.

`table` is a hash table with linear probing: pairs of a term's key and what it holds. That is the
term's only entry, or, below zero, where in `arena` its block begins: class, first place, count,
then places for entries in rising order. Blocks come in classes of capacity; freed ones wait in
`free`, a list per class. The `terms` of a document are the keys of all, then their weights.

Of documents that go nearly in turn, a search passes over the entries, and `sweep` takes them out.
Nothing here knows of articles; `postings` is what to use.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers, compiled, inlined

Arena: TypeAlias = NDArray[np.uint32]

WEIGHT_BITS = 10
WEIGHT_MASK = (1 << WEIGHT_BITS) - 1
NUMBER_MASK = (1 << 22) - 1
"""No two documents are further apart than this: a lane holds its latest two million placements."""
CLASSES = 60
TERMS, END = 0, 1
"""Places in `counts`: how many terms there are, and where the used part of the arena ends."""
FIRST_BLOCK = 1
"""No block begins at 0, which stands for none."""

_int = cast(Callable[[Any], int], np.int64)
"""So that what is read of the arena counts with a sign."""
_HEAD = 3
_CLASS, _START, _COUNT = 0, 1, 2


@inlined
def _capacity(size_class: int) -> int:
    """2, 3, 4, 6, 8, 12, ...: little is left empty, and none is copied often."""
    return (2 + (size_class & 1)) << (size_class >> 1)


@inlined
def _find(table: Integers, key: int) -> int:
    """Where the pair of a key stands, or the empty place where it would."""
    mask = len(table) - 1
    place = (key << 1) & mask
    while table[place + 1] and table[place] != key:
        place = (place + 2) & mask
    return place


@inlined
def _entries(arena: Arena, base: int) -> Arena:
    """What stands in a block, to be changed in place."""
    first = base + _HEAD + _int(arena[base + _START])
    return arena[first : first + _int(arena[base + _COUNT])]


@inlined
def _age(entry: int, newest: int) -> int:
    """How far the number of an entry lies behind another that is no earlier."""
    return (newest - (entry >> WEIGHT_BITS)) & NUMBER_MASK


@inlined
def _place(ages: NDArray[np.int32], age: int) -> int:
    """Where in a hash table of what was met an age stands, or would."""
    mask = len(ages) - 1
    place = age & mask
    while ages[place] != age and ages[place] >= 0:
        place = (place + 1) & mask
    return place


@inlined
def _entry(terms: Integers, n: int, number: int) -> int:
    """What stands for a document in the list of its nth term."""
    weight = _int(terms[len(terms) // 2 + n])
    return ((number & NUMBER_MASK) << WEIGHT_BITS) | weight


@inlined
def _take(arena: Arena, free: Integers, counts: Integers, size_class: int) -> int:
    """An empty block of a class; 0 if the arena has no room for it."""
    base = _int(free[size_class])
    if base:
        free[size_class] = arena[base]
    else:
        base = _int(counts[END])
        end = base + _HEAD + _capacity(size_class)
        if end > len(arena):
            return 0
        counts[END] = end
    arena[base + _CLASS], arena[base + _START], arena[base + _COUNT] = size_class, 0, 0
    return base


@inlined
def _give_back(arena: Arena, free: Integers, base: int) -> None:
    size_class = _int(arena[base + _CLASS])
    arena[base] = free[size_class]
    free[size_class] = base


@inlined
def _move(arena: Arena, free: Integers, base: int, onto: int) -> None:
    """Copies the entries of a block to an empty one and gives it back."""
    source, count = base + _HEAD + _int(arena[base + _START]), _int(arena[base + _COUNT])
    for n in range(count):
        arena[onto + _HEAD + n] = arena[source + n]
    arena[onto + _COUNT] = count
    _give_back(arena, free, base)


@inlined
def _drop(table: Integers, place: int) -> None:
    """Empties a place, and moves up what was put further on because it was taken."""
    mask = len(table) - 1
    after = (place + 2) & mask
    while table[after + 1]:
        home = (table[after] << 1) & mask
        if ((after - home) & mask) >= ((after - place) & mask):
            table[place], table[place + 1] = table[after], table[after + 1]
            place = after
        after = (after + 2) & mask
    table[place + 1] = 0


@inlined
def _fit(table: Integers, arena: Arena, free: Integers, counts: Integers, place: int) -> None:
    """Puts the list of the term at a place where it needs less room, if it has too much."""
    base = -table[place + 1]
    size_class, count = _int(arena[base]), _int(arena[base + _COUNT])
    if count == 1:
        table[place + 1] = _entries(arena, base)[0]
        _give_back(arena, free, base)
        return
    while 4 * count <= _capacity(size_class):
        size_class -= 2
    if size_class < arena[base]:
        smaller = _take(arena, free, counts, size_class)
        if smaller:  # else it waits for the next to go
            _move(arena, free, base, smaller)
            table[place + 1] = -smaller


_TABLE_AND_ARENA = "int64[::1], uint32[::1]"
_FOUND = "Tuple((int64[::1], int64[::1]))"
_SOUGHT = "int64[::1], int64[::1], int64, int64, int64"
_ARRAYS = f"{_TABLE_AND_ARENA}, int64[::1], int64[::1]"


@compiled(f"int64({_ARRAYS}, int64[::1], int64, int64)")
def add(
    table: Integers,
    arena: Arena,
    free: Integers,
    counts: Integers,
    terms: Integers,
    number: int,
    done: int,
) -> int:
    """Appends a document to the list of each of its terms, from the one at `done` on; how many are
    done: fewer than all if the arena has no room. The table must have some for all of them.
    """
    count_of_terms = len(terms) // 2
    for n in range(done, count_of_terms):
        entry = _entry(terms, n, number)
        place = _find(table, terms[n])
        held = table[place + 1]
        if held == 0:
            table[place], table[place + 1] = terms[n], entry
            counts[TERMS] += 1
            continue
        if held > 0:
            base = _take(arena, free, counts, 0)
            if base == 0:
                return n
            arena[base + _HEAD], arena[base + _COUNT] = held, 1
            table[place + 1] = -base
        else:
            base = -held
        size_class, start = _int(arena[base]), _int(arena[base + _START])
        count = _int(arena[base + _COUNT])
        capacity = _capacity(size_class)
        if start + count == capacity:
            if 4 * start >= capacity:
                for m in range(count):
                    arena[base + _HEAD + m] = arena[base + _HEAD + start + m]
                start = arena[base + _START] = 0
            else:
                larger = _take(arena, free, counts, size_class + 1)
                if larger == 0:
                    return n
                _move(arena, free, base, larger)
                base, start = larger, 0
                table[place + 1] = -base
        arena[base + _HEAD + start + count] = entry
        arena[base + _COUNT] = count + 1
    return count_of_terms


@compiled(f"void({_ARRAYS}, int64[::1], int64, int64)")
def remove(
    table: Integers,
    arena: Arena,
    free: Integers,
    counts: Integers,
    terms: Integers,
    number: int,
    newest: int,
) -> None:
    """Takes a document from the list of each of its terms. Raises KeyError where it is not."""
    for n in range(len(terms) // 2):
        entry = _entry(terms, n, number)
        place = _find(table, terms[n])
        held = table[place + 1]
        if held == entry:
            _drop(table, place)
            counts[TERMS] -= 1
            continue
        if held >= 0:
            raise KeyError("no such entry")
        base = -held
        start, count = _int(arena[base + _START]), _int(arena[base + _COUNT])
        first = base + _HEAD + start
        low, high = 0, count - 1
        while low < high:
            middle = (low + high) >> 1
            if _age(_int(arena[first + middle]), newest) > _age(entry, newest):
                low = middle + 1
            else:
                high = middle
        if arena[first + low] != entry:
            raise KeyError("no such entry")
        if low == 0:
            arena[base + _START] = start + 1
        else:
            for m in range(low, count - 1):
                arena[first + m] = arena[first + m + 1]
        arena[base + _COUNT] = count - 1
        _fit(table, arena, free, counts, place)


@compiled(f"void({_ARRAYS}, int64, int64, int64, int64)")
def sweep(
    table: Integers,
    arena: Arena,
    free: Integers,
    counts: Integers,
    place: int,
    end: int,
    first: int,
    newest: int,
) -> None:
    """Takes all entries of numbers before `first` from the lists from one place up to another."""
    oldest = newest - first
    while place < end:
        held = table[place + 1]
        if held > 0 and _age(held, newest) > oldest:
            _drop(table, place)
            counts[TERMS] -= 1
            continue  # what was moved up stands here now
        if held < 0:
            base, entries, gone = -held, _entries(arena, -held), 0
            while gone < len(entries) and _age(_int(entries[gone]), newest) > oldest:
                gone += 1
            if gone == len(entries):
                _give_back(arena, free, base)
                _drop(table, place)
                counts[TERMS] -= 1
                continue
            if gone:
                arena[base + _START] += gone
                arena[base + _COUNT] -= gone
                _fit(table, arena, free, counts, place)
        place += 2


@inlined
def _read(
    table: Integers,
    arena: Arena,
    keys: Integers,
    most: int,
    newest: int,
    live: Integers,
    first: int,
    last_gone: int,
) -> tuple[Arena, Integers]:
    """The last `most` entries of each key's list, key by key, and how many there are of each.

    Numbers before `first` are gone, and so are those up to `last_gone` that do not stand in `live`,
    a ring of a power of two.
    """
    # One kind of reading at a time: what lies far apart in memory is then fetched together.
    held, counts = np.empty(len(keys), np.int64), np.zeros(len(keys), np.int64)
    for n in range(len(keys)):
        held[n] = table[_find(table, keys[n]) + 1]
    for n in range(len(keys)):
        counts[n] = 1 if held[n] > 0 else min(_int(arena[_COUNT - held[n]]), most) if held[n] else 0
    read, end, ring = np.empty(counts.sum(), np.uint32), 0, len(live) - 1
    entries = single = np.empty(1, np.uint32)
    for n in range(len(keys)):
        if held[n] == 0:
            continue
        if held[n] > 0:
            single[0], entries = held[n], single
        else:
            entries = _entries(arena, -held[n])
        begin, place = end, len(entries)
        oldest = place - counts[n]
        if newest - _age(_int(entries[oldest]), newest) > last_gone:
            end += counts[n]
            read[begin:end] = entries[oldest:]
            continue
        while place and end - begin < most:
            place -= 1
            number = newest - _age(_int(entries[place]), newest)
            if number < first:
                break
            if number > last_gone or live[number & ring] == number:
                read[end] = entries[place]
                end += 1
        counts[n] = end - begin
        read[begin:end] = read[begin:end][::-1].copy()  # in rising order, as all others
    return read[:end], counts


@compiled(f"{_FOUND}({_TABLE_AND_ARENA}, {_SOUGHT}, int64[::1], int64, int64)")
def search(
    table: Integers,
    arena: Arena,
    terms: Integers,
    without: Integers,
    most: int,
    least: int,
    newest: int,
    live: Integers,
    first: int,
    last_gone: int,
) -> tuple[Integers, Integers]:
    """The numbers whose products with the weights of the terms add up to `least` or more, over what
    `_read` reads, as first met; and those sums. None that is `without`.
    """
    keys, weights = terms[: len(terms) // 2], terms[len(terms) // 2 :]
    read, counts = _read(table, arena, keys, most, newest, live, first, last_gone)
    size = 64
    while size < 2 * len(read):
        size <<= 1
    ages, sums = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    met, meetings, end = np.empty(len(read), np.int32), 0, 0
    for n in range(len(keys)):
        for entry in read[end : end + counts[n]]:
            age = _age(_int(entry), newest)
            place = _place(ages, age)
            if ages[place] < 0:
                ages[place], met[meetings] = age, place
                meetings += 1
            sums[place] += (_int(entry) & WEIGHT_MASK) * weights[n]
        end += counts[n]
    for number in without:
        sums[_place(ages, newest - number)] = 0
    near = met[:meetings][sums[met[:meetings]] >= least]
    return newest - ages[near].astype(np.int64), sums[near].astype(np.int64)


@compiled("void(int64[::1], int64[::1])")
def rehash(table: Integers, into: Integers) -> None:
    """Puts all pairs of a table into an empty one of another size."""
    for place in range(0, len(table), 2):
        if table[place + 1]:
            onto = _find(into, table[place])
            into[onto], into[onto + 1] = table[place], table[place + 1]


@compiled(f"void({_TABLE_AND_ARENA}, int64)")
def sort(table: Integers, arena: Arena, newest: int) -> None:
    """Brings every list into order."""
    for place in range(0, len(table), 2):
        if table[place + 1] < 0:
            entries = _entries(arena, -table[place + 1])
            ages = np.empty(len(entries), np.int64)
            for n in range(len(entries)):
                ages[n] = -_age(_int(entries[n]), newest)
            entries[:] = entries[np.argsort(ages)]


def items(table: Integers, arena: Arena, newest: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Every key with its list of (number, weight), in no telling order."""
    found = []
    for key, held in table.reshape(-1, 2)[table[1::2] != 0].tolist():
        entries = [held]
        if held < 0:
            first = -held + _HEAD + int(arena[-held + _START])
            entries = arena[first : first + int(arena[-held + _COUNT])].tolist()
        numbers = [newest - ((newest - (entry >> WEIGHT_BITS)) & NUMBER_MASK) for entry in entries]
        weights = [entry & WEIGHT_MASK for entry in entries]
        found.append((key, list(zip(numbers, weights, strict=True))))
    return found
