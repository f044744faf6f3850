"""Which images are usable, by size, shape and name; and placeholders, found by equal bytes."""

from random import Random
from typing import Any

import pytest

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State, image_keys
from newsloom.pipeline.process import AwaitingImages, Curator, Enricher
from newsloom.records.image_check import ImageCheck
from newsloom.rules.clock import format_time
from newsloom.rules.images import Verdict, judge_name, judge_size
from newsloom.rules.topics import TopicIndex
from tests.support.lanes import DAY_S, HOUR_S, START_S, assert_sound, event
from tests.support.pipeline import Taken, raw_input

SIZES = {
    "a photograph": (1280, 720, "ok"),
    "a small photograph": (300, 169, "ok"),
    "upright": (252, 335, "ok"),
    "the smallest usable size": (200, 100, "ok"),
    "a panorama": (1800, 600, "ok"),
    "just below the shape of a banner": (700, 200, "ok"),
    "just a banner": (701, 200, "bad-shape"),
    "a billboard": (970, 250, "bad-shape"),
    "a leaderboard": (728, 90, "bad-shape"),
    "a skyscraper": (160, 600, "bad-shape"),
    "a line": (600, 1, "bad-shape"),
    "a thumbnail": (150, 150, "too-small"),
    "too narrow": (199, 100, "too-small"),
    "too flat": (200, 99, "too-small"),
    "an icon": (16, 16, "too-small"),
    "just larger than a beacon": (4, 4, "too-small"),
    "a beacon": (1, 1, "tracking-pixel"),
    "the largest beacon": (3, 3, "tracking-pixel"),
    "no width": (0, 100, "not-an-image"),
    "nothing": (0, 0, "not-an-image"),
    "the largest": (10_000, 5_000, "ok"),
    "too many pixels": (10_001, 5_000, "too-large"),
    "far too many pixels": (50_000, 50_000, "too-large"),
    "the largest size a header can state": (2**32 - 1, 2**32 - 1, "too-large"),
}


@pytest.mark.parametrize("reason", SIZES)
def test_the_verdict_of_a_size(reason: str) -> None:
    width, height, verdict = SIZES[reason]
    assert judge_size(width, height) == judge_size(height, width) == verdict


PLACEHOLDERS = """
placeholder.png image-placeholder.jpg placeholder_640x360.png news-place-holder-2.png default.jpg
Default-Image.JPG default_image_3.jpg default-thumbnail.png default-og.png og-default.png
social-default.jpg share-fallback.png fallback.png fallback-image.jpg no-image.png noimage.gif
no_image_available.png no-photo-available.jpg no-picture.png image-not-available.png
image_not_found.jpg photo-unavailable.png image-coming-soon.jpg missing-image.png dummy.jpg
dummy-image.png generic-photo.jpg blank.gif blank_1x1.gif spacer.gif transparent.png clear.gif
mystery-man.jpg XX-backupimage-1000x563.jpg backup-photo.jpg gazette-0515-cover.jpg
stand-in.jpg place%68older.png placeholder.png?w=640
""".split()  # noqa: SIM905
BEACONS = ["pixel.gif", "1x1.png", "beacon.gif", "tracking-pixel.gif", "Tracker_Pixel.png"]
PHOTOGRAPHS = """
ferry.jpg 1128224709.jpg.0.jpg image.coreimg.jpg photo-by-someone.jpg hqdefault.jpg stockholm.jpg
default-swap-chart.jpg credit-default.jpg defaulting-on-debt.jpg blank-verse.jpg clear-skies.jpg
transparent-government.jpg google-pixel.jpg pixel-8-review.jpg hardcover.jpg book-cover.jpg
cover.jpg 2020-cover.jpg missing-boy.jpg missing-persons.png generic-drugs.jpg backup-singers.jpg
stock-exchange.jpg noimagination.jpg replaceholders.jpg dummy-run.jpg spacer-dvd.jpg 1x1x1.jpg
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_the_name_of_a_placeholder(name: str) -> None:
    assert judge_name(f"https://img.example/a/{name}") == "placeholder"


@pytest.mark.parametrize("name", BEACONS)
def test_the_name_of_a_beacon(name: str) -> None:
    assert judge_name(f"https://img.example/a/{name}") == "tracking-pixel"


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "", "no-image/ferry.jpg"])
def test_the_name_of_a_photograph(name: str) -> None:
    assert judge_name(f"https://img.example/a/{name}") == "ok"


def test_an_invalid_url_is_not_judged_by_its_name() -> None:
    assert judge_name("http://[") == "ok"


def good(url: str, state_digest: str = "aa", width: int = 640, height: int = 360) -> ImageCheck:
    check: ImageCheck = {"url": url, "verdict": "ok", "width": width, "height": height}
    return {**check, "fingerprint": state_digest}


def bad(url: str, verdict: Verdict = Verdict.UNREACHABLE) -> ImageCheck:
    return {"url": url, "verdict": verdict.value}


class Lane:
    """A lane that receives finished image checks."""

    def __init__(self) -> None:
        self._enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), "check")
        self._curator = Curator(State())
        self.state = self._curator.state

    def take(self, record: dict[str, Any], *checks: ImageCheck) -> Taken:
        record = {"images": [{"url": check["url"]} for check in checks]} | record
        started = self._enricher.start(raw_input(record), START_S + 400 * DAY_S)
        assert isinstance(started, AwaitingImages)
        result = Taken.of(self._curator.curate(self._enricher.finish(started, checks)))
        assert result.fault is None, result.fault
        assert_sound(self.state)
        return result


A, B = "https://img.example/a.jpg", "https://img.example/b.jpg"
FERRY = "Harbour ferry Selkie runs aground off Northfield pier"
COMET = "Observatory spots comet Wrenfield near Saturn"


def test_a_record_keeps_usable_images_with_their_checked_sizes() -> None:
    given = [
        {"url": A, "width": 5, "height": 5, "title": "Fog"},
        {"url": B, "attribution": "Somebody"},
    ]
    result = Lane().take(event("a.example/1", FERRY, images=given), bad(A), good(B))
    (record,) = result.curated
    assert record["images"] == [{"url": B, "attribution": "Somebody", "width": 640, "height": 360}]
    assert record["quality"] == 10 + 15 + 10 + 5
    assert [check["verdict"] for check in result.result.image_checks or ()] == ["unreachable", "ok"]


def test_a_record_without_a_usable_image_is_published_without_images() -> None:
    result = Lane().take(event("a.example/1", FERRY), bad(A))
    (record,) = result.curated
    assert "images" not in record
    assert record["quality"] == 10 + 5


def test_an_image_that_was_not_checked_is_not_published() -> None:
    record = event("a.example/1", FERRY, images=[{"url": A}])
    (curated,) = Lane().take(record).curated
    assert "images" not in curated


@pytest.mark.parametrize("seed", range(4))
def test_a_lane_stays_sound_for_any_images(seed: int) -> None:
    chance, lane = Random(seed), Lane()
    for number in range(120):
        name = f"outlet{chance.randrange(3)}.example/{chance.randrange(12)}"
        title = chance.choice((FERRY, COMET, "Tramway budget approved"))
        checks = [
            good(url, str(chance.randrange(4))) if chance.random() < 0.7 else bad(url)
            for url in (A, B)[: chance.randrange(3)]
        ]
        at_s = number * 6 * HOUR_S
        updated = {"updatedDateTime": format_time(START_S + at_s)}
        lane.take(event(name, title, at_s, **updated), *checks)
    live_keys = {key for live in lane.state.articles.values() for key in image_keys(live)}
    assert lane.state.articles_by_image.keys() == live_keys
    assert any(len(ids) > 1 for ids in lane.state.articles_by_image.values())


IIIF = {
    "full size": ("/iiif/2/ab12/full/full/0/default.jpg", Verdict.OK),
    "a width": ("/iiif/2/3c27b499-af56/full/843,/0/default.jpg", Verdict.OK),
    "a height": ("/iiif/2/ab12/full/,600/0/default.png", Verdict.OK),
    "the largest": ("/iiif/3/ab12/full/max/0/default.jpg", Verdict.OK),
    "enlarged": ("/iiif/3/ab12/full/^1200,/0/default.webp", Verdict.OK),
    "within a box": ("/iiif/2/ab12/full/!800,800/0/default.jpg", Verdict.OK),
    "a percentage": ("/iiif/2/ab12/full/pct:50/0/default.jpg", Verdict.OK),
    "a region": ("/iiif/2/ab12/10,20,640,360/640,/0/default.jpg", Verdict.OK),
    "a region in percent": ("/iiif/2/ab12/pct:10,10,80,80/640,/0/default.jpg", Verdict.OK),
    "a square": ("/iiif/3/ab12/square/400,400/0/default.jpg", Verdict.OK),
    "mirrored and turned": ("/iiif/2/ab12/full/640,/!90/default.jpg", Verdict.OK),
    "an escaped identifier": ("/iiif/2/a%2Fb%3A12/full/640,480/0/default.jpg", Verdict.OK),
    "escaped commas": ("/iiif/2/ab12/full/640%2C/0/default.jpg", Verdict.OK),
    "another name": ("/iiif/2/ab12/full/640,/0/placeholder.jpg", Verdict.PLACEHOLDER),
    "no such path": ("/images/full/default.jpg", Verdict.PLACEHOLDER),
    "a size that is none": ("/iiif/2/ab12/full/large/0/default.jpg", Verdict.PLACEHOLDER),
    "a rotation that is none": ("/iiif/2/ab12/full/640,/north/default.jpg", Verdict.PLACEHOLDER),
}


@pytest.mark.parametrize("case", IIIF)
def test_every_image_of_an_iiif_server_is_named_default(case: str) -> None:
    path, verdict = IIIF[case]
    assert judge_name("https://museum.example" + path) is verdict


RECOVERED: dict[str, tuple[list[ImageCheck], list[ImageCheck], bool]] = {
    "no connection": ([bad(A)], [good(A)], True),
    "no answer in time": ([bad(A, Verdict.TIMEOUT)], [good(A)], True),
    "a server error": ([bad(A, Verdict.HTTP_ERROR)], [good(A)], True),
    "the best of two": ([bad(A), good(B, "bb")], [good(A)], True),
    "the second of two": ([bad(A, Verdict.TOO_SMALL), bad(B)], [bad(A), good(B)], True),
    "a page that could not be read": ([], [good(A)], True),
    "still no connection": ([bad(A)], [bad(A)], False),
    "another failure": ([bad(A)], [bad(A, Verdict.TIMEOUT)], False),
    "fails now": ([good(A)], [bad(A)], False),
    "one is good now, the other fails": ([good(A), bad(B)], [bad(A), good(B)], False),
    "too small": ([bad(A, Verdict.TOO_SMALL)], [good(A)], False),
    "a placeholder": ([bad(A, Verdict.PLACEHOLDER)], [good(A)], False),
    "good as before": ([good(A)], [good(A)], False),
    "no image": ([], [], False),
}


@pytest.mark.parametrize("reason", RECOVERED)
def test_an_unchanged_event_whose_image_recovered_is_a_new_revision(reason: str) -> None:
    before, now, is_published = RECOVERED[reason]
    lane, record = Lane(), event("a.example/1", FERRY, images=[{"url": A}, {"url": B}])
    first = lane.take(record, *before)
    again = lane.take(record, *now)
    assert again.outcome == ("curated" if is_published else "unchanged")
    if is_published:
        assert again.curated[0]["revision"] > first.curated[0]["revision"]
        assert _images(again) == [check["url"] for check in now if check["verdict"] == "ok"]
    assert not lane.take(record, *now).curated, "the third time, nothing is new"
    assert not lane.take(record, *before).curated, "a failure takes no image"


def test_an_older_version_whose_image_recovered_changes_nothing() -> None:
    lane = Lane()
    lane.take(event("a.example/1", FERRY, updatedDateTime="2026-03-03T00:00:00Z"), bad(A))
    assert lane.take(event("a.example/1", FERRY), good(A)).outcome == "unchanged"


def _images(result: Taken) -> Any:
    return [image["url"] for image in dict(result.curated[0]).get("images", [])]


def test_equal_bytes_in_another_story_of_the_provider_are_a_placeholder() -> None:
    lane = Lane()
    lane.take(event("a.example/1", FERRY), good(A))
    result = lane.take(event("a.example/2", COMET, HOUR_S), good(B))
    assert _images(result) == []
    assert result.curated[0]["quality"] == 10 + 5
    assert [check["verdict"] for check in result.result.image_checks or ()] == ["placeholder"]
    row = lane.state.articles[result.curated[0]["id"]]
    assert [check["verdict"] for check in row.image_checks] == ["placeholder"]
    third = lane.take(event("a.example/3", "Tramway budget approved", 2 * HOUR_S), good(A))
    assert _images(third) == []


SHARED: dict[str, tuple[dict[str, Any], ImageCheck]] = {
    "another provider": (event("b.example/2", COMET, HOUR_S), good(B)),
    "other bytes": (event("a.example/2", COMET, HOUR_S), good(A, "bb")),
    "the same story": (event("a.example/2", FERRY + ", officials say", HOUR_S), good(B)),
    "a new version": (
        event("a.example/1", COMET, updatedDateTime="2026-03-03T00:00:00Z"),
        good(B),
    ),
    "after the window": (event("a.example/2", COMET, 25 * DAY_S), good(B)),
}


@pytest.mark.parametrize("reason", SHARED)
def test_equal_bytes_in_other_cases_are_not_a_placeholder(reason: str) -> None:
    lane = Lane()
    # Three articles move the lane clock.
    for number in range(3):
        at_s = 25 * DAY_S if reason == "after the window" and number else 0
        record = event(f"c.example/{number}", f"Tramway budget {number} approved", at_s)
        lane.take(record) if number else lane.take(event("a.example/1", FERRY), good(A))
    record, check = SHARED[reason]
    assert _images(lane.take(record, check)) == [check["url"]]


def test_only_the_placeholder_is_removed_and_the_crawlers_score_stays() -> None:
    lane = Lane()
    lane.take(event("a.example/1", FERRY), good(A))
    result = lane.take(event("a.example/2", COMET, quality=90), good(A), good(B, "bb"))
    assert _images(result) == [B]
    assert result.curated[0]["quality"] == 90


def test_quality_counts_the_size_of_the_first_image_that_stays() -> None:
    lane = Lane()
    lane.take(event("a.example/1", FERRY), good(A))
    result = lane.take(event("a.example/2", COMET), good(A), good(B, "bb", 300, 200))
    assert _images(result) == [B]
    assert result.curated[0]["quality"] == 10 + 15 + 5
