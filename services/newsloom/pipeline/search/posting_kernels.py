"""Compiled loops over posting lists: add, remove, sweep, search, rehash and sort.

In: the arrays that `posting_layout` describes, changed in place. Out: the documents that a search
found. Nothing here depends on articles; callers use the class `postings.Postings`.
"""

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers, compiled, inlined
from newsloom.pipeline.search.posting_layout import (
    CLASS,
    COUNT,
    HEADER,
    NUMBER_MASK,
    START,
    TERMS,
    WEIGHT_BITS,
    WEIGHT_MASK,
    Arena,
    age_of,
    allocate_block,
    as_int,
    capacity_of,
    delete_place,
    encode_entry,
    entries_of,
    find_place,
    free_block,
    make_space,
    shrink_block,
)

_TABLE_AND_ARENA = "int64[::1], uint32[::1]"
_ARRAYS = f"{_TABLE_AND_ARENA}, int64[::1], int64[::1]"
_QUERY = "int64[::1], int64[::1], int64, int64, int64"
_FOUND = "Tuple((int64[::1], int64[::1]))"


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
    """Appends a document to the lists of its terms, from term `done` on.

    Returns the number of terms that are done: fewer than all if the arena is full. The caller then
    enlarges it and calls again. The table must have empty places for all terms.
    """
    term_count = len(terms) // 2
    for n in range(done, term_count):
        entry = encode_entry(terms, n, number)
        place = find_place(table, terms[n])
        value = table[place + 1]
        if value == 0:
            table[place], table[place + 1] = terms[n], entry
            counts[TERMS] += 1
            continue
        if value > 0:
            base = allocate_block(arena, free, counts, 0)
            if base == 0:
                return n
            arena[base + HEADER], arena[base + COUNT] = value, 1
            table[place + 1] = -base
        else:
            base = -value
        start, count = as_int(arena[base + START]), as_int(arena[base + COUNT])
        if start + count == capacity_of(as_int(arena[base + CLASS])):
            base, start = make_space(arena, free, counts, base), 0
            if base == 0:
                return n
            table[place + 1] = -base
        arena[base + HEADER + start + count] = entry
        arena[base + COUNT] = count + 1
    return term_count


@inlined
def _find_entry(entries: Arena, entry: int, newest: int) -> int:
    """The index of the first entry in a list that is not older than `entry`, else of the last."""
    low, high = 0, len(entries) - 1
    while low < high:
        middle = (low + high) >> 1
        if age_of(as_int(entries[middle]), newest) > age_of(entry, newest):
            low = middle + 1
        else:
            high = middle
    return low


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
    """Removes a document from the list of each of its terms. Raises KeyError if one lacks it."""
    for n in range(len(terms) // 2):
        entry = encode_entry(terms, n, number)
        place = find_place(table, terms[n])
        value = table[place + 1]
        if value == entry:
            delete_place(table, place)
            counts[TERMS] -= 1
            continue
        if value >= 0:
            raise KeyError("no such entry")
        base = -value
        entries = entries_of(arena, base)
        index = _find_entry(entries, entry, newest)
        if entries[index] != entry:
            raise KeyError("no such entry")
        if index == 0:
            arena[base + START] += 1
        else:
            for m in range(index, len(entries) - 1):
                entries[m] = entries[m + 1]
        arena[base + COUNT] -= 1
        shrink_block(table, arena, free, counts, place)


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
    """Removes the entries of documents before `first` from the lists at places `place` to `end`."""
    max_age = newest - first
    while place < end:
        value = table[place + 1]
        if value > 0 and age_of(value, newest) > max_age:
            delete_place(table, place)
            counts[TERMS] -= 1
            continue  # Deleting may have moved another key to this place.
        if value < 0:
            base, entries, expired = -value, entries_of(arena, -value), 0
            while expired < len(entries) and age_of(as_int(entries[expired]), newest) > max_age:
                expired += 1
            if expired == len(entries):
                free_block(arena, free, base)
                delete_place(table, place)
                counts[TERMS] -= 1
                continue
            if expired:
                arena[base + START] += expired
                arena[base + COUNT] -= expired
                shrink_block(table, arena, free, counts, place)
        place += 2


@inlined
def _look_up(
    table: Integers, arena: Arena, keys: Integers, limit: int
) -> tuple[Integers, Integers]:
    """The table's value of each key, and the length of its list, at most `limit`."""
    # Two loops, each over one array: the processor then fetches distant memory in parallel.
    values, counts = np.empty(len(keys), np.int64), np.zeros(len(keys), np.int64)
    for n in range(len(keys)):
        values[n] = table[find_place(table, keys[n]) + 1]
    for n in range(len(keys)):
        value = values[n]
        counts[n] = 1 if value > 0 else min(as_int(arena[COUNT - value]), limit) if value else 0
    return values, counts


@inlined
def _read(
    table: Integers,
    arena: Arena,
    keys: Integers,
    limit: int,
    newest: int,
    ring: Integers,
    first: int,
    last_marked: int,
) -> tuple[Arena, Integers]:
    """The newest live entries of each key, at most `limit`, key by key; and their number by key.

    A document is live if its number is above `last_marked`, or is at least `first` and in `ring`
    at the number modulo the ring's length, a power of two.
    """
    values, counts = _look_up(table, arena, keys, limit)
    read, end, mask = np.empty(counts.sum(), np.uint32), 0, len(ring) - 1
    entries = single = np.empty(1, np.uint32)
    for n in range(len(keys)):
        if values[n] == 0:
            continue
        if values[n] > 0:
            single[0], entries = values[n], single
        else:
            entries = entries_of(arena, -values[n])
        begin, at = end, len(entries)
        oldest = at - counts[n]
        if newest - age_of(as_int(entries[oldest]), newest) > last_marked:
            end += counts[n]
            for m in range(counts[n]):
                read[begin + m] = entries[oldest + m]
            continue
        while at and end - begin < limit:
            at -= 1
            number = newest - age_of(as_int(entries[at]), newest)
            if number < first:
                break
            if number > last_marked or ring[number & mask] == number:
                read[end] = entries[at]
                end += 1
        counts[n] = end - begin
        for m in range(counts[n] >> 1):  # Oldest first, like the lists above.
            other = end - 1 - m
            read[begin + m], read[other] = read[other], read[begin + m]
    return read[:end], counts


@inlined
def _find_slot(ages: NDArray[np.int32], age: int) -> int:
    """The slot of an age in a hash table with linear probing, where -1 marks an empty slot."""
    mask = len(ages) - 1
    slot = age & mask
    while ages[slot] != age and ages[slot] >= 0:
        slot = (slot + 1) & mask
    return slot


@compiled(f"{_FOUND}({_TABLE_AND_ARENA}, {_QUERY}, int64[::1], int64, int64)")
def search(
    table: Integers,
    arena: Arena,
    terms: Integers,
    without: Integers,
    limit: int,
    min_dot: int,
    newest: int,
    ring: Integers,
    first: int,
    last_marked: int,
) -> tuple[Integers, Integers]:
    """The numbers of the documents whose dot product with `terms` is at least `min_dot` (above 0),
    and those products, in the order in which `_read` meets the documents. Skips `without`.
    """
    keys, weights = terms[: len(terms) // 2], terms[len(terms) // 2 :]
    read, counts = _read(table, arena, keys, limit, newest, ring, first, last_marked)
    size = 64
    while size < 2 * len(read):
        size <<= 1
    ages, dots = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    slots, slot_count, end = np.empty(len(read), np.int32), 0, 0
    for n in range(len(keys)):
        for m in range(end, end + counts[n]):
            entry = as_int(read[m])
            age = age_of(entry, newest)
            slot = _find_slot(ages, age)
            if ages[slot] < 0:
                ages[slot], slots[slot_count] = age, slot
                slot_count += 1
            dots[slot] += (entry & WEIGHT_MASK) * weights[n]
        end += counts[n]
    for number in without:
        dots[_find_slot(ages, newest - number)] = 0
    # Loops instead of expressions over arrays: those take seconds to compile.
    numbers, products = np.empty(slot_count, np.int64), np.empty(slot_count, np.int64)
    count = 0
    for n in range(slot_count):
        dot = dots[slots[n]]
        if dot >= min_dot:
            numbers[count], products[count] = newest - ages[slots[n]], dot
            count += 1
    return numbers[:count], products[:count]


@compiled("void(int64[::1], int64[::1])")
def rehash(table: Integers, target: Integers) -> None:
    """Inserts all keys of a table, with their values, into an empty table of another size."""
    for source in range(0, len(table), 2):
        if table[source + 1]:
            place = find_place(target, table[source])
            target[place], target[place + 1] = table[source], table[source + 1]


@inlined
def _sort_entries(entries: Arena, newest: int) -> None:
    """Sorts one list by Shell's method. The sorts of NumPy take seconds to compile."""
    gap = 1
    while gap < len(entries) // 3:
        gap = 3 * gap + 1
    while gap:
        for n in range(gap, len(entries)):
            entry, m = entries[n], n
            while m >= gap and age_of(as_int(entries[m - gap]), newest) < age_of(
                as_int(entry), newest
            ):
                entries[m] = entries[m - gap]
                m -= gap
            entries[m] = entry
        gap //= 3


@compiled(f"void({_TABLE_AND_ARENA}, int64)")
def sort(table: Integers, arena: Arena, newest: int) -> None:
    """Sorts each list by document number, the oldest first."""
    for place in range(0, len(table), 2):
        if table[place + 1] < 0:
            _sort_entries(entries_of(arena, -table[place + 1]), newest)


def items(table: Integers, arena: Arena, newest: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Each key with its list of (document number, weight). The order of the keys is undefined."""
    found = []
    for key, value in table.reshape(-1, 2)[table[1::2] != 0].tolist():
        entries = [value]
        if value < 0:
            first = -value + HEADER + int(arena[-value + START])
            entries = arena[first : first + int(arena[-value + COUNT])].tolist()
        numbers = [newest - ((newest - (entry >> WEIGHT_BITS)) & NUMBER_MASK) for entry in entries]
        weights = [entry & WEIGHT_MASK for entry in entries]
        found.append((key, list(zip(numbers, weights, strict=True))))
    return found
