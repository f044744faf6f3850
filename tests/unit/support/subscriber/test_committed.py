"""The transactions of a lane are told apart by the gaps that commit markers leave."""

import json

from tests.support.subscriber.committed import Committed, Transaction, transactions
from tests.support.subscriber.inputs import Truth
from tests.support.subscriber.made import Made, Maker, item, tombstone
from tests.support.subscriber.on_kafka import check_lane


def _committed(offset: int, name: str, revision: int | None = None) -> Committed:
    value = None if revision is None else json.dumps({"id": name, "revision": revision}).encode()
    return Committed.of(offset, name.encode(), value)


def _names(transaction: Transaction) -> tuple[int, str, str, bool]:
    articles = "".join(record.id for record in transaction.articles)
    stories = "".join(record.id for record in transaction.stories)
    return transaction.commit, articles, stories, transaction.is_certain


def test_records_without_a_gap_belong_to_the_commit_of_their_greatest_revision() -> None:
    articles = [
        _committed(0, "a", 1),
        _committed(1, "b", 2),
        _committed(2, "t"),
        _committed(4, "c", 7),
    ]
    stories = [_committed(0, "A", 3), _committed(2, "B", 6), _committed(4, "C", 8)]
    assert [_names(t) for t in transactions(articles, stories, [4, 6, 8])] == [
        (0, "abt", "A", True),
        (1, "", "B", True),
        (2, "c", "C", True),
    ]


def test_where_tombstones_alone_may_belong_is_not_certain() -> None:
    articles = [_committed(0, "a", 1), _committed(2, "t"), _committed(4, "b", 9)]
    stories = [_committed(2 * n, name, 2 * n + 2) for n, name in enumerate("ABCD")]
    assert [_names(t) for t in transactions(articles, stories, [2, 4, 6, 9])] == [
        (0, "a", "A", False),
        (1, "", "B", False),
        (2, "", "C", False),
        (3, "tb", "D", True),
    ]


def test_what_no_commit_covers_comes_last() -> None:
    articles = [_committed(0, "a", 1), _committed(2, "b", 7), _committed(4, "t")]
    assert [_names(t) for t in transactions(articles, [], [2])] == [
        (0, "a", "", True),
        (1, "bt", "", True),
    ]


def test_a_transaction_is_given_in_parts_in_which_stories_follow_their_articles() -> None:
    transaction = Transaction(
        0,
        [_committed(0, "a", 1), _committed(1, "t"), _committed(2, "b", 4)],
        [_committed(0, "A", 2), _committed(1, "B", 5)],
    )
    parts = [
        ([record["id"] for record in articles], [record["id"] for record in stories])
        for articles, stories in transaction.inputs()
    ]
    assert parts == [(["a", "t"], ["A"]), (["b"], ["B"])]


def test_a_lane_is_checked_after_every_commit() -> None:
    maker = Maker()
    b = maker.article("b", "b", heat=50)
    a = maker.article("a", "a", heat=50, related=[item(b, "related")])
    stories = [maker.story("b", b, [b]), maker.story("a", a, [a])]
    c = maker.article("c", "c", heat=50)
    other = maker.story("c", c, [c])
    # Without the tombstones' revisions: a lane has used two more.
    maker.revision += 2
    renewed, story = maker.again(a, related=None), maker.again(stories[1])
    gone = tombstone("b")
    truths = [
        Truth("article", i, 1, i, i, (a["publishedDateTime"], None)) for i in ("a", "b", "c")
    ] + [Truth("withdrawal", "b")]

    right = _topic([b, a], [c, gone, renewed]), _topic(stories, [other, gone, story])
    assert list(check_lane(*right, [4, 10], truths)) == []
    late = _topic([b, a], [c, gone], [renewed]), _topic(stories, [other, gone], [story])
    found = list(check_lane(*late, [4, 8, 10], truths))
    assert [(v.rule, v.subject, v.transaction) for v in found] == [("names-withdrawn", "a", 1)]
    assert list(check_lane(*late, [4, 8, 10], truths, unsettled={8})) == []
    lost = _topic([b, a], [gone, renewed]), _topic(stories, [gone, story])
    assert [(v.rule, v.subject) for v in check_lane(*lost, [4, 10], truths)] == [
        ("article-lost", "c")
    ]


def _topic(*batches: list[Made]) -> list[Committed]:
    """The records of a topic, each batch a transaction that ends with a commit marker."""
    topic, offset = [], 0
    for batch in batches:
        for record in batch:
            value = None if record.get("withdrawn") else json.dumps(record).encode()
            topic.append(Committed.of(offset, record["id"].encode(), value))
            offset += 1
        offset += 1
    return topic
