"""The article table compared with a simple model, a dictionary of rows."""

from hashlib import md5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from newsloom.pipeline.lane.live.article_table import ArticleTable

PUBLISHED = ("2026-03-02T10:00:00Z", "0999-12-31T23:59:59Z", "2026-03-02T10:00:01Z")


def _id(number: int) -> str:
    return md5(str(number).encode()).hexdigest()


class TableAndRows(RuleBasedStateMachine):
    """Articles are added with rising numbers, with gaps, and removed in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.table = ArticleTable()
        self.rows: dict[int, tuple[int, str, list[str]]] = {}
        self.last = 0

    @rule(
        gap=st.sampled_from((1, 1, 1, 2, 500, 3000)),
        quality=st.integers(0, 200),
        published=st.sampled_from(PUBLISHED),
        named=st.lists(st.integers(1, 40), max_size=12, unique=True),
    )
    def take(self, gap: int, quality: int, published: str, named: list[int]) -> None:
        self.last += gap
        slot = self.table.add(_id(self.last), self.last, quality, published)
        assert slot == self.table.slot(self.last)
        names = [_id(number) for number in named]
        self.table.set_references(self.last, names)
        self.table.event_at[slot] = -self.last
        self.rows[self.last] = (quality, published, names)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.rows)))
        self.table.remove(_id(number))
        del self.rows[number]

    @precondition(lambda self: self.rows)
    @rule()
    def release_the_oldest(self) -> None:
        number = min(self.rows)
        assert self.table.oldest(self.last + 1) == number
        assert self.table.oldest(number) is None
        self.table.remove(_id(number))
        del self.rows[number]

    @rule(number=st.integers(1, 40))
    def find_references(self, number: int) -> None:
        expected = {_id(n) for n, (_, _, names) in self.rows.items() if _id(number) in names}
        found = set(self.table.may_reference(_id(number)))
        assert found == expected, "these ids do not collide in the prefilter"

    @invariant()
    def table_equals_rows(self) -> None:
        table = self.table
        assert list(table) == [_id(number) for number in sorted(self.rows)]
        assert len(table) == len(self.rows)
        for number, (quality, published, _) in self.rows.items():
            assert table.find(_id(number)) == number
            assert table.is_live(number)
            assert table.id_of(number) == _id(number)
            assert table.rank(number) == (-quality, published, _id(number))
            assert table.event_at[table.slot(number)] == -number


TestArticleTable = TableAndRows.TestCase
TestArticleTable.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_table_does_not_grow_while_articles_are_added_and_removed() -> None:
    table = ArticleTable()
    for number in range(1, 20_000):
        table.add(_id(number), number, 0, PUBLISHED[0])
        if number > 900:
            table.remove(_id(number - 900))
    assert len(table) == 900
    assert len(table.number) == 1024


def test_articles_can_be_added_in_any_order_of_numbers() -> None:
    table = ArticleTable()
    for number in (9_000, 3, 4_000, 8_999, 1):
        table.add(_id(number), number, 0, PUBLISHED[0])
    assert list(table) == [_id(number) for number in (1, 3, 4_000, 8_999, 9_000)]
    assert table.oldest(5) == 1
