"""Postings against the plainest form of the same thing: a dictionary of dictionaries."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from newsloom.pipeline.curation.postings import Postings
from newsloom.rules.terms import UNIT, dot_product

Vector = dict[str, int]
TERMS = [f"term{n}" for n in range(12)]
VECTORS = st.dictionaries(st.sampled_from(TERMS), st.integers(1, UNIT), max_size=8)
GREATEST_WEIGHT = 2**20 - 1


@dataclass
class NaivePostings:
    """What postings are to be: every document compared with the text, one by one."""

    documents: dict[int, Vector] = field(default_factory=dict)

    def dot_products(self, vector: Vector) -> dict[int, int]:
        found = {n: dot_product(document, vector) for n, document in self.documents.items()}
        return {number: dot for number, dot in found.items() if dot}

    def canonical(self) -> list[tuple[str, list[tuple[int, int]]]]:
        terms = sorted({term for document in self.documents.values() for term in document})
        return [
            (term, sorted((n, d[term]) for n, d in self.documents.items() if term in d))
            for term in terms
        ]


def _search(postings: Postings, vector: Vector) -> dict[int, int]:
    dots = postings.dot_products(vector)
    assert dots.dtype == np.float64
    assert all(dot == int(dot) for dot in dots)
    return {number: int(dot) for number, dot in enumerate(dots.tolist()) if dot}


class PostingsAndNaivePostings(RuleBasedStateMachine):
    """Documents come, go, change and come again under a number that was used before."""

    def __init__(self) -> None:
        super().__init__()
        self.postings = Postings()
        self.naive = NaivePostings()

    @rule(number=st.integers(0, 40), vector=VECTORS)
    def add(self, number: int, vector: Vector) -> None:
        if number in self.naive.documents:
            self.postings.remove(number, self.naive.documents[number])
        self.postings.add(number, vector)
        self.naive.documents[number] = vector

    @precondition(lambda self: self.naive.documents)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.naive.documents)))
        self.postings.remove(number, self.naive.documents.pop(number))

    @precondition(lambda self: self.naive.documents)
    @rule(data=st.data())
    def remove_and_add_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.naive.documents)))
        self.postings.remove(number, self.naive.documents[number])
        self.postings.add(number, self.naive.documents[number])

    @rule(vector=VECTORS)
    def search(self, vector: Vector) -> None:
        assert _search(self.postings, vector) == self.naive.dot_products(vector)

    @invariant()
    def holds_the_same(self) -> None:
        assert self.postings.canonical() == self.naive.canonical()


TestPostings = PostingsAndNaivePostings.TestCase
TestPostings.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(VECTORS, max_size=40), VECTORS)
def test_many_documents_added_then_all_but_every_third_removed(
    documents: list[Vector], sought: Vector
) -> None:
    postings, naive = Postings(), NaivePostings(dict(enumerate(documents)))
    for number, vector in enumerate(documents):
        postings.add(number, vector)
    assert _search(postings, sought) == naive.dot_products(sought)
    for number, vector in enumerate(documents):
        if number % 3:
            postings.remove(number, vector)
            del naive.documents[number]
    assert _search(postings, sought) == naive.dot_products(sought)
    assert postings.canonical() == naive.canonical()


def test_nothing_is_held_at_first() -> None:
    assert _search(Postings(), {"ferry": UNIT}) == {}
    assert Postings().canonical() == []


def test_a_term_without_documents_is_forgotten() -> None:
    postings = Postings()
    postings.add(7, {"ferry": 600, "pier": 800})
    postings.add(8, {"pier": UNIT})
    postings.remove(7, {"ferry": 600, "pier": 800})
    assert postings.canonical() == [("pier", [(8, UNIT)])]


def test_great_numbers_and_weights_stay_exact() -> None:
    postings = Postings()
    postings.add(300_000, {"ferry": GREATEST_WEIGHT, "pier": GREATEST_WEIGHT})
    dots = postings.dot_products({"ferry": 1000, "pier": 999, "comet": 1})
    assert len(dots) == 300_001
    assert dots[300_000] == GREATEST_WEIGHT * 1999
    assert not dots[:300_000].any()


def test_one_term_of_thousands_of_documents() -> None:
    postings = Postings()
    for number in range(3_000):
        postings.add(number, {"ferry": number % UNIT + 1})
    for number in range(0, 3_000, 2):
        postings.remove(number, {"ferry": number % UNIT + 1})
    found = _search(postings, {"ferry": 3})
    assert found == {n: 3 * (n % UNIT + 1) for n in range(1, 3_000, 2)}


def test_what_was_never_taken_in_cannot_be_removed() -> None:
    with pytest.raises(KeyError):
        Postings().remove(1, {"ferry": 1})
