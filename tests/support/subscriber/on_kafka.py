"""What a subscriber of a lane on Kafka holds after every transaction.

In: the committed records of the lane, the revisions at which it committed, and the truth about its
inputs. Out: violations; their transaction is the number of the lane's commit.
"""

from collections.abc import Iterable, Iterator, Sequence

from tests.support.subscriber.committed import Committed, transactions
from tests.support.subscriber.inputs import Inputs, Truth
from tests.support.subscriber.view import ALL_RULES, View, Violation

_COUNTED_ELSEWHERE = {"revision"}
"""The verifier counts revisions itself, over both topics."""


def check_lane(
    articles: Sequence[Committed],
    stories: Sequence[Committed],
    commits: Sequence[int],
    truths: Iterable[Truth],
) -> Iterator[Violation]:
    """The violations of all rules, in order.

    What the inputs demand is checked at the end: which input a transaction ends with is not known.
    """
    view = View(ALL_RULES - _COUNTED_ELSEWHERE)
    for transaction in transactions(articles, stories, commits):
        for some_articles, some_stories in transaction.inputs():
            view.take(some_articles, some_stories)
        view.transaction = transaction.commit
        if transaction.is_certain:
            yield from view.check()
    view.check_all()
    inputs = Inputs()
    for truth in truths:
        inputs.take(truth)
    yield from inputs.check_all([view])
