"""The memory layout of the posting lists: constants, and access to entries, places and blocks.

Everything here is compiled into the loops of `posting_kernels`. Numba caches a compiled loop by
the file that defines the loop: after a change here, delete `posting_kernels.*.nb*` in __pycache__.

One posting list per term. `table` finds the list of a term: a hash table with linear probing, two
int64 per place, a power of two of places. A term's first place is its key modulo their number.

    table      place         place + 1
             +-------------+-------------+
             | key         | value       |     key:   the hash of the term
             +-------------+-------------+     value: 0    the place is empty
                                                      > 0  the only entry of the list
                                                      < 0  -(base of the block of the list)

`arena` stores the lists of two or more entries, in blocks of uint32. No block begins at word 0.

    block      base    + 1     + 2     + 3         + 3 + start         + 3 + start + count
             +-------+-------+-------+-----------+-------------------+---------------+
             | class | start | count |  unused   | entries, oldest   |    unused     |
             |       |       |       |           | first             |               |
             +-------+-------+-------+-----------+-------------------+---------------+
                                     |<----------- capacity(class) ----------------->|

    The first word of a free block is the base of the next free block of its class, 0 if it is the
    last. `free[class]` is the base of the first one. No block uses the arena from `counts[END]` on.

    entry      31                                 10 9             0
             +--------------------------------------+---------------+
             | document number modulo 2^22          | weight, 1..   |
             +--------------------------------------+---------------+

    An entry is never 0, because a weight is at least 1. The order of two numbers modulo 2^22 is the
    order of their ages: how far each is behind `newest`, the greatest number that was added.

The terms of a document or of a text are one array: all keys, then the weight of each key.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.search.compiled import Integers, inlined

Arena: TypeAlias = NDArray[np.uint32]

WEIGHT_BITS = 10
WEIGHT_MASK = (1 << WEIGHT_BITS) - 1
NUMBER_MASK = (1 << 22) - 1
"""The greatest distance of two documents' numbers: a lane holds its latest two million placements.
"""
CLASSES = 60
"""The number of block classes."""
TERMS, END = 0, 1
"""Indexes in `counts`: the number of terms in the table, and where the used part of the arena ends.
"""
FIRST_BLOCK = 1
"""The base of the first block. No block begins at 0, because 0 means "no block"."""
CLASS, START, COUNT = 0, 1, 2
"""Offsets of the words of a block's header."""
HEADER = 3
"""The length of a block's header, in words."""

as_int = cast(Callable[[Any], int], np.int64)
"""Converts an unsigned word of the arena to a signed integer, so that differences can be negative.
"""


@inlined
def capacity_of(size_class: int) -> int:
    """The space for entries in a block: 2, 3, 4, 6, 8, 12, ...: bounds unused space and copying."""
    return (2 + (size_class & 1)) << (size_class >> 1)


@inlined
def encode_entry(terms: Integers, n: int, number: int) -> int:
    """The entry of document `number` in the list of its term `n`."""
    weight = as_int(terms[len(terms) // 2 + n])
    return ((number & NUMBER_MASK) << WEIGHT_BITS) | weight


@inlined
def age_of(entry: int, newest: int) -> int:
    """How far the document number of an entry is behind `newest`, which must not be less."""
    return (newest - (entry >> WEIGHT_BITS)) & NUMBER_MASK


@inlined
def find_place(table: Integers, key: int) -> int:
    """The place of a key in the table; if it has none, the empty place to insert it at."""
    mask = len(table) - 1
    place = (key << 1) & mask
    while table[place + 1] and table[place] != key:
        place = (place + 2) & mask
    return place


@inlined
def delete_place(table: Integers, place: int) -> None:
    """Empties a place. Moves back later keys that linear probing would no longer reach."""
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
def entries_of(arena: Arena, base: int) -> Arena:
    """The entries of a block, as a view that can be written."""
    first = base + HEADER + as_int(arena[base + START])
    return arena[first : first + as_int(arena[base + COUNT])]


@inlined
def allocate_block(arena: Arena, free: Integers, counts: Integers, size_class: int) -> int:
    """The base of an empty block of a class; 0 if the arena has no space for it."""
    base = as_int(free[size_class])
    if base:
        free[size_class] = arena[base]
    else:
        base = as_int(counts[END])
        end = base + HEADER + capacity_of(size_class)
        if end > len(arena):
            return 0
        counts[END] = end
    arena[base + CLASS], arena[base + START], arena[base + COUNT] = size_class, 0, 0
    return base


@inlined
def free_block(arena: Arena, free: Integers, base: int) -> None:
    """Puts a block at the head of the list of free blocks of its class."""
    size_class = as_int(arena[base + CLASS])
    arena[base] = free[size_class]
    free[size_class] = base


@inlined
def move_block(arena: Arena, free: Integers, base: int, target: int) -> None:
    """Copies the entries of a block to the start of an empty one, and frees the first block."""
    source, count = base + HEADER + as_int(arena[base + START]), as_int(arena[base + COUNT])
    for n in range(count):
        arena[target + HEADER + n] = arena[source + n]
    arena[target + COUNT] = count
    free_block(arena, free, base)


@inlined
def make_space(arena: Arena, free: Integers, counts: Integers, base: int) -> int:
    """Moves the entries of a block, full at its end, to the front of a block with space for more.

    Returns that block's base: the same block if a quarter or more of it was unused at its front,
    else one of the next class; 0, with nothing changed, if the arena has no space for it.
    """
    start, count = as_int(arena[base + START]), as_int(arena[base + COUNT])
    size_class = as_int(arena[base + CLASS])
    if 4 * start >= capacity_of(size_class):
        for n in range(count):
            arena[base + HEADER + n] = arena[base + HEADER + start + n]
        arena[base + START] = 0
        return base
    larger = allocate_block(arena, free, counts, size_class + 1)
    if larger:
        move_block(arena, free, base, larger)
    return larger


@inlined
def shrink_block(
    table: Integers, arena: Arena, free: Integers, counts: Integers, place: int
) -> None:
    """Moves the list at a place to the table if it has one entry, and to a smaller block if at most
    a quarter of its block is in use.
    """
    base = -table[place + 1]
    size_class, count = as_int(arena[base]), as_int(arena[base + COUNT])
    if count == 1:
        table[place + 1] = entries_of(arena, base)[0]
        free_block(arena, free, base)
        return
    while 4 * count <= capacity_of(size_class):
        size_class -= 2
    if size_class < arena[base]:
        smaller = allocate_block(arena, free, counts, size_class)
        if smaller:  # Without space for it, the list shrinks at a later removal.
            move_block(arena, free, base, smaller)
            table[place + 1] = -smaller
