"""Dense streams: the same stories, and titles that share the words of one subject."""

from collections import Counter

from benchmarks.story_dense import LARGEST, START, densify, invented
from benchmarks.story_streams import LabelledEvent


def test_a_dense_stream_adds_words_of_one_subject_to_the_titles() -> None:
    events = [
        LabelledEvent({"webUrl": f"u{n}", "title": f"T{n}"}, f"s{n % 40}") for n in range(400)
    ]
    dense = densify(events, 3)
    assert [labelled.story for labelled in dense] == [labelled.story for labelled in events]
    assert all(
        made.event["title"].endswith(given.event["title"])
        for made, given in zip(dense, events, strict=True)
    )
    words = Counter(w for labelled in dense for w in set(labelled.event["title"].split()[:-1]))
    (_, most), *_ = words.most_common(1)
    assert 250 < most < 350, "three of four titles hold the first word of the subject"
    assert densify(events, 3) == dense != densify(events, 4)


def test_an_invented_stream_has_as_many_articles_and_stories_as_asked_for() -> None:
    stream = invented(5, articles=600, stories=80, days=60)
    sizes = Counter(labelled.story for labelled in stream)
    assert (len(stream), len(sizes)) == (600, 80)
    assert max(sizes.values()) <= LARGEST
    times = [labelled.event["publishedDateTime"] for labelled in stream]
    assert times == sorted(times)
    assert times[0] >= f"{START:%FT%T}"
    assert len({labelled.event["webUrl"] for labelled in stream}) == 600
