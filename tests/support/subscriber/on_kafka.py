"""What a subscriber of a lane on Kafka holds after every transaction.

In: the committed records of the lane, the revisions at which it committed, and the truth about its
inputs. Out: violations; their transaction is the number of the lane's commit.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

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
    unsettled: Collection[int] = (),
) -> Iterator[Violation]:
    """The violations of all rules, in order.

    `unsettled` are those of `commits` that left work of their last input to the next one.
    What the inputs demand is checked at the end: which input a transaction ends with is not known.
    """
    view, numbered = View(ALL_RULES - _COUNTED_ELSEWHERE), dict(enumerate(sorted(set(commits))))
    for transaction in transactions(articles, stories, commits):
        for some_articles, some_stories in transaction.inputs():
            view.take(some_articles, some_stories)
        view.transaction = transaction.commit
        if transaction.is_certain:
            is_settled = numbered.get(transaction.commit) not in unsettled
            yield from view.check(is_settled=is_settled)
    view.check_all()
    inputs = Inputs()
    for truth in truths:
        inputs.take(truth)
    yield from inputs.check_all([view])
