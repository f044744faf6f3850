"""The comparison of two curations of the same inputs with equal or different policies."""

from typing import Any

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.comparison import CuratedView, Regrouping, compare_views
from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Pipeline
from newsloom.rules.evidence import DEFAULT_WEIGHTS
from newsloom.rules.topics import TopicIndex
from tests.support.lanes import HOUR_S, START_S, event
from tests.support.pipeline import raw_input

NEVER_JOIN = Policy(DEFAULT_WEIGHTS._replace(join_bias=-100_000, merge_bias=-100_000))

FERRY = [
    event("one.example/a", "Ferry Selkie runs aground off Northfield pier", quality=80),
    event("two.example/a", "Selkie ferry aground at Northfield", HOUR_S, quality=90),
    event("three.example/a", "Northfield pier shut after ferry Selkie strikes it", 2 * HOUR_S),
]
DAIRY = event("one.example/b", "Fennimore dairy recalls soft cheese", 3 * HOUR_S, quality=75)
FAULTY = {"webUrl": "https://one.example/c"}


def _curate(policy: Policy, *events: dict[str, Any]) -> CuratedView:
    catalogue = Catalogue({}, TopicIndex([]), "none")
    pipeline, view = Pipeline(State(), catalogue, "trust", policy=policy), CuratedView()
    for record in events:
        for step in pipeline.process(raw_input(record), START_S + 1000 * HOUR_S):
            view.take(step)
    return view


def _url(view: CuratedView, article_id: str) -> str:
    return view.articles[article_id].title.split()[0]


def test_the_same_policy_gives_no_differences() -> None:
    one, two = (_curate(DEFAULT_POLICY, *FERRY, DAIRY, FAULTY) for _ in range(2))
    differences = compare_views(one, two)
    assert differences == ([], ([], []), ([], []))
    assert one.counts() == two.counts()
    assert one.counts()["articles"] == 4
    assert one.counts()["stories"] == 2
    assert one.counts()["dead letters"] == 1


def test_a_split_story_is_reported_with_its_parts_and_their_leads() -> None:
    whole, apart = _curate(DEFAULT_POLICY, *FERRY, DAIRY), _curate(NEVER_JOIN, *FERRY, DAIRY)
    (regrouping,), leads, published = compare_views(whole, apart)
    assert (list(map(len, regrouping.a)), list(map(len, regrouping.b))) == ([3], [1, 1, 1])
    assert regrouping.size == 3
    assert [[_url(apart, i) for i in ids] for ids in leads] == [[], ["Ferry", "Northfield"]]
    assert [[_url(apart, i) for i in ids] for ids in published] == [[], ["Ferry"]]


def test_the_comparison_is_symmetric() -> None:
    whole, apart = _curate(DEFAULT_POLICY, *FERRY, DAIRY), _curate(NEVER_JOIN, *FERRY, DAIRY)
    there, back = compare_views(whole, apart), compare_views(apart, whole)
    assert back.regroupings == [Regrouping(b, a) for a, b in there.regroupings]
    assert (back.leads, back.published) == (there.leads[::-1], there.published[::-1])


def test_a_threshold_changes_only_which_articles_are_published() -> None:
    usual = _curate(DEFAULT_POLICY, *FERRY, DAIRY)
    strict = _curate(DEFAULT_POLICY._replace(publish_threshold=100), *FERRY, DAIRY)
    regroupings, leads, published = compare_views(usual, strict)
    assert (regroupings, leads) == ([], ([], []))
    assert [[_url(usual, i) for i in ids] for ids in published] == [["Fennimore"], []]


def test_stories_that_merge_under_one_policy_only_are_reported() -> None:
    two_stories = [
        event("one.example/1", "Selkie ferry runs aground off Northfield pier"),
        event("two.example/1", "Coastguard inquiry blames Selkie pilot, rotten chart", 60),
        event(
            "two.example/2", "Coastguard inquiry blames Selkie pilot, rotten chart: minister", 120
        ),
    ]
    bridge = f"{two_stories[1]['title']}: {two_stories[0]['title']}"
    stream = [*two_stories, event("three.example/1", bridge, 180)]
    never_merge = Policy(DEFAULT_WEIGHTS._replace(merge_bias=-100_000))
    (regrouping,), *_ = compare_views(
        _curate(DEFAULT_POLICY, *stream), _curate(never_merge, *stream)
    )
    assert [list(map(len, stories)) for stories in regrouping] == [[4], [2, 2]]


def test_a_withdrawn_article_is_not_in_the_view() -> None:
    withdrawal = {"webUrl": DAIRY["webUrl"], "withdrawn": True}
    assert _curate(DEFAULT_POLICY, DAIRY, withdrawal).articles == {}
