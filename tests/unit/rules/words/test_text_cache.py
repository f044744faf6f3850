"""The cache by text: each text is computed once, and the texts' total length is bounded."""

from newsloom.rules.words.text_cache import TextCache


def test_a_text_is_computed_once() -> None:
    computed: list[str] = []

    def length(text: str) -> int:
        computed.append(text)
        return len(text)

    cache = TextCache(length, max_characters=100)
    assert [cache["ferry"], cache["pier"], cache["ferry"]] == [5, 4, 5]
    assert computed == ["ferry", "pier"]


def test_the_total_length_is_bounded() -> None:
    cache = TextCache(len, max_characters=1_000)
    for number in range(400):
        assert cache[f"{number:0100}"] == 100
        assert sum(map(len, cache)) <= 1_100


def test_a_long_text_is_computed_all_the_same() -> None:
    cache = TextCache(len, max_characters=10)
    assert cache["a" * 5_000] == 5_000
    assert cache["b"] == 1
    assert list(cache) == ["b"]
