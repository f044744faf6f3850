"""Postings compared with a simple model, a dictionary of dictionaries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from newsloom.pipeline.search.compiled import Integers
from newsloom.pipeline.search.postings import Postings, hash_terms
from newsloom.rules.words.terms import UNIT

Vector = dict[str, int]
TERMS = [f"term{n}" for n in range(12)]
VECTORS = st.dictionaries(st.sampled_from(TERMS), st.integers(1, UNIT), max_size=8)
GREATEST_WEIGHT = 2**10 - 1
MAX_READ = 20


def _search(
    postings: Postings,
    vector: Vector,
    least: int,
    without: Sequence[int] = (),
    live: Collection[int] = (),
) -> dict[int, int]:
    return dict(postings.search(hash_terms(vector), least, without, _ring(live)).pairs())


def _ring(live: Collection[int]) -> Integers:
    """Live documents by slot, as in the article table: the slot is the number modulo the size."""
    size = 2
    while size <= max(live, default=0) - min(live, default=0):
        size *= 2
    ring = np.zeros(size, np.int64)
    for number in live:
        ring[number % size] = number
    return ring


@dataclass
class NaivePostings:
    """A model of the postings: it compares each document with the text."""

    documents: dict[int, Vector] = field(default_factory=dict)

    def search(self, vector: Vector, least: int, max_read: int) -> dict[int, int]:
        dots: dict[int, int] = {}
        max_read = max(1, max_read // (len(vector) or 1))
        for term, weight in vector.items():
            holders = sorted(n for n, document in self.documents.items() if term in document)
            for number in holders[-max_read:]:
                dots[number] = dots.get(number, 0) + weight * self.documents[number][term]
        return {number: dot for number, dot in dots.items() if dot >= least}

    def canonical(self) -> list[tuple[int, list[tuple[int, int]]]]:
        terms = {term for document in self.documents.values() for term in document}
        return sorted(
            (hash(term), sorted((n, d[term]) for n, d in self.documents.items() if term in d))
            for term in terms
        )


class PostingsAndNaivePostings(RuleBasedStateMachine):
    """Documents are added with rising numbers and removed in any order, mostly the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.postings = Postings(MAX_READ)
        self.naive = NaivePostings()
        self.last = 0

    @rule(vector=VECTORS, gap=st.integers(1, 3))
    def add(self, vector: Vector, gap: int) -> None:
        self.last += gap
        self.postings.add(self.last, hash_terms(vector))
        self.naive.documents[self.last] = vector

    @precondition(lambda self: self.naive.documents)
    @rule()
    def remove_the_oldest(self) -> None:
        number = min(self.naive.documents)
        self.postings.remove(number, hash_terms(self.naive.documents.pop(number)))

    @precondition(lambda self: self.naive.documents)
    @rule(data=st.data())
    def mark_removed(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.naive.documents)[:4]))
        self.postings.mark_removed(number, min(self.naive.documents))
        del self.naive.documents[number]

    @rule(parts=st.integers(1, 3))
    def sweep(self, parts: int) -> None:
        for part in range(parts):
            self.postings.sweep(part, parts)

    @precondition(lambda self: self.naive.documents)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.naive.documents)))
        self.postings.remove(number, hash_terms(self.naive.documents.pop(number)))

    @rule(data=st.data(), vector=VECTORS, least=st.integers(1, 2000))
    def search(self, data: st.DataObject, vector: Vector, least: int) -> None:
        live = sorted(self.naive.documents)
        without = data.draw(st.lists(st.sampled_from(live), max_size=3)) if live else []
        expected = self.naive.search(vector, least, MAX_READ)
        for number in without:
            expected.pop(number, None)
        assert _search(self.postings, vector, least, without, live) == expected

    @invariant()
    def postings_equal_model(self) -> None:
        ring = _ring(self.naive.documents)
        assert self.postings.canonical(ring) == self.naive.canonical()


TestPostings = PostingsAndNaivePostings.TestCase
TestPostings.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(VECTORS, max_size=40), VECTORS)
def test_many_documents_added_then_all_but_every_third_removed(
    documents: list[Vector], sought: Vector
) -> None:
    postings, naive = Postings(), NaivePostings(dict(enumerate(documents)))
    for number, vector in enumerate(documents):
        postings.add(number, hash_terms(vector))
    assert _search(postings, sought, 1) == naive.search(sought, 1, 1536)
    for number, vector in enumerate(documents):
        if number % 3:
            postings.remove(number, hash_terms(vector))
            del naive.documents[number]
    assert _search(postings, sought, 1) == naive.search(sought, 1, 1536)
    assert postings.canonical() == naive.canonical()


def test_new_postings_are_empty() -> None:
    assert _search(Postings(), {"ferry": UNIT}, 1) == {}
    assert Postings().canonical() == []


def test_a_term_without_documents_is_removed() -> None:
    postings = Postings()
    postings.add(7, hash_terms({"ferry": 600, "pier": 800}))
    postings.add(8, hash_terms({"pier": UNIT}))
    postings.remove(7, hash_terms({"ferry": 600, "pier": 800}))
    assert postings.canonical() == [(hash("pier"), [(8, UNIT)])]


def test_large_numbers_and_weights_are_exact() -> None:
    postings, number = Postings(), 2**40
    postings.add(number, hash_terms({"ferry": GREATEST_WEIGHT, "pier": GREATEST_WEIGHT}))
    found = _search(postings, {"ferry": 1000, "pier": 999, "comet": 1}, 1)
    assert found == {number: GREATEST_WEIGHT * 1999}


def test_document_numbers_can_wrap_around() -> None:
    """Only the low bits of a number are stored. Here they wrap around between the documents."""
    first, postings, naive = 2**22 * 3 - 40, Postings(MAX_READ), NaivePostings()
    for number in range(first, first + 80):
        naive.documents[number] = {"ferry": number % 100 + 1, f"pier{number % 3}": 5}
        postings.add(number, hash_terms(naive.documents[number]))
    for number in (first + 30, first, first + 41, first + 79):
        postings.remove(number, hash_terms(naive.documents.pop(number)))
    sought = {"ferry": 9, "pier1": 3}
    assert postings.canonical() == naive.canonical()
    assert _search(postings, sought, 1) == naive.search(sought, 1, MAX_READ)
    restored = Postings(MAX_READ)
    for number, vector in sorted(naive.documents.items(), key=lambda item: item[0] % 7):
        restored.add(number, hash_terms(vector))
    restored.sort()
    assert restored.canonical() == naive.canonical()
    assert _search(restored, sought, 1) == naive.search(sought, 1, MAX_READ)


def test_settle_sorts_documents_that_were_added_in_any_order() -> None:
    postings, sorted_postings = Postings(MAX_READ), Postings(MAX_READ)
    for number in (5, 2, 9, 1, 7, 3, 8):
        postings.add(number, hash_terms({"ferry": number}))
    for number in (1, 2, 3, 5, 7, 8, 9):
        sorted_postings.add(number, hash_terms({"ferry": number}))
    postings.sort()
    assert postings.canonical() == sorted_postings.canonical()
    assert _search(postings, {"ferry": 1}, 1) == _search(sorted_postings, {"ferry": 1}, 1)


def test_the_newest_documents_of_a_term_are_read() -> None:
    postings = Postings(MAX_READ)
    for number in range(1, MAX_READ + 2):
        postings.add(number, hash_terms({"ferry": 1, "pier": 1}))
    assert list(_search(postings, {"ferry": 1}, 1)) == list(range(2, MAX_READ + 2))
    assert list(_search(postings, {"ferry": 1, "pier": 1}, 1)) == list(range(12, MAX_READ + 2))
    postings.mark_removed(20, 1)
    live = set(range(1, MAX_READ + 2)) - {20}
    assert list(_search(postings, {"ferry": 1}, 1, live=live)) == sorted(live)


def test_memory_of_forgotten_documents_is_released() -> None:
    """Each document has one unique term and one of a hundred terms; 500 are live at a time."""
    postings, last = Postings(), 150_000
    for number in range(1, last + 1):
        postings.add(number, hash_terms({f"name{number}": 5, f"word{number % 100}": 9}))
        if number > 500:
            postings.mark_removed(number - 500, number - 500)
    # Entries of forgotten documents remain until their slots are written again or swept.
    assert len(postings) < 70_000
    postings.sweep()
    # One more than 500: the last document was still live when it was forgotten.
    assert len(postings) == 500 + 1 + 100
    live = range(last - 499, last + 1)
    assert _search(postings, {"word7": 1}, 1, live=live) == {n: 9 for n in live if n % 100 == 7}


@pytest.mark.parametrize("documents", [5, 60, 500])
def test_few_and_many_documents_give_the_same_sums_as_the_model(documents: int) -> None:
    postings, naive = Postings(10_000), NaivePostings()
    for number in range(1, documents + 1):
        vector = {TERMS[number % 5]: number % UNIT, TERMS[number % 7]: 7, TERMS[11]: UNIT}
        naive.documents[number] = vector
        postings.add(number, hash_terms(vector))
    sought = dict.fromkeys(TERMS, UNIT)
    for least in (1, 1_000_000, 1_050_000):
        assert _search(postings, sought, least) == naive.search(sought, least, 10_000)


def test_one_term_of_thousands_of_documents() -> None:
    postings = Postings(max_read=3_000)
    for number in range(3_000):
        postings.add(number, hash_terms({"ferry": number % UNIT + 1}))
    for number in range(0, 3_000, 2):
        postings.remove(number, hash_terms({"ferry": number % UNIT + 1}))
    found = _search(postings, {"ferry": 3}, 1)
    assert found == {n: 3 * (n % UNIT + 1) for n in range(1, 3_000, 2)}


def test_many_terms_are_added_and_removed_as_in_a_lane() -> None:
    """More terms than the first table has slots; lists grow, shrink and move into used space."""
    random, postings, naive = Random(5), Postings(max_read=300), NaivePostings()
    documents = naive.documents
    for number in range(1, 2_500):
        vector = {f"word{int(400 * random.random() ** 3)}": number % UNIT + 1 for _ in range(12)}
        documents[number] = vector | {f"name{number}": 7}
        postings.add(number, hash_terms(documents[number]))
        if len(documents) > 600:
            leaving = min(documents)
            postings.mark_removed(leaving, leaving)
            del documents[leaving]
        if number % 9 == 0:
            leaving = random.choice(list(documents))
            postings.remove(leaving, hash_terms(documents.pop(leaving)))
        if number % 90 == 0:
            postings.sweep(number % 4, 4)
    assert postings.canonical(_ring(documents)) == naive.canonical()
    sought = {f"word{n}": n + 1 for n in range(30)}
    found = _search(postings, sought, 9_000, live=documents)
    assert found == naive.search(sought, 9_000, 300) != {}
    for number, vector in documents.items():
        postings.remove(number, hash_terms(vector))
    assert postings.canonical() == []
    postings.add(2_500, hash_terms({"ferry": 1}))
    postings.mark_removed(2_500, 2_500)
    postings.sweep()
    assert len(postings) == 1


@pytest.mark.parametrize("stored", [{}, {"ferry": 1}, {"ferry": 1, "pier": 2}])
def test_a_document_that_was_never_added_cannot_be_removed(stored: Vector) -> None:
    postings = Postings()
    for number in range(2, 2 + len(stored)):
        postings.add(number, hash_terms(stored))
    with pytest.raises(KeyError):
        postings.remove(1, hash_terms({"ferry": 1}))
