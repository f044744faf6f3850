"""Encoded rows: the vector can be read without decoding the whole row."""

from hypothesis import given
from hypothesis import strategies as st

from newsloom.pipeline.lane.rows import (
    LiveArticle,
    LiveStory,
    article_key,
    decode_row,
    decode_vector,
    encode_row,
    story_key,
)
from tests.support.newsstand import ident

TRICKY = st.text() | st.sampled_from(['"vector":{"a":1}', ',"title_terms":3', '\\"vector":', "}"])


@given(title=TRICKY, vector=st.dictionaries(TRICKY, st.integers(1, 1000), max_size=5))
def test_a_vector_is_read_from_a_row_with_any_other_fields(
    title: str, vector: dict[str, int]
) -> None:
    live = LiveArticle(
        article={"id": ident("ledger.example/1"), "title": title},  # type: ignore[typeddict-item]
        vector=vector,
        title_terms=1,
        sequence=1,
        placed=1,
        version=0,
        digest=title,
        event_at=0,
        leaves_at=0,
        story_id=ident("ledger.example/1"),
    )
    row = encode_row(live)
    assert decode_vector(row) == vector
    assert list(decode_vector(row)) == list(vector), "the terms of the title are first"
    assert decode_row(article_key(ident("ledger.example/1")), row) == live
    assert row == encode_row(live.copy()), "the cached encoding equals a new one"


def test_a_story_of_form_1_is_in_memory_as_it_is_read_again() -> None:
    story_id = ident("ledger.example/1")
    story = LiveStory(story_id, 1, 0, 9, 3, {"a.example": ("A", 1)}, story_id, 3, True, 50, "en")
    story.return_to_form_1({"a.example": ("A", 2), "b.example": ("B", 1)})
    assert decode_row(story_key(story_id), encode_row(story)) == story
