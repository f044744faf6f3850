"""Images and kinds of media."""

from typing import Any

import pytest

from tests.unit.feeds.reading.samples import ENTRY, NAMED, atom, event_of, rss

SITE = "https://harbour.example/"
PICTURE = f"{SITE}a.jpg"


def image(name: str = "a.jpg", **fields: Any) -> dict[str, Any]:
    return {"url": SITE + name, **fields}


def in_text(html: str) -> str:
    return rss(f"{NAMED}<content:encoded><![CDATA[{html}]]></content:encoded>")


IMAGES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "enclosure": (
        rss(f'{NAMED}<enclosure url="{PICTURE}" type="image/jpeg" length="1"/>'),
        [image()],
    ),
    "enclosure without a type": (rss(f'{NAMED}<enclosure url="{PICTURE}"/>'), [image()]),
    "atom enclosure": (
        atom(f'{ENTRY}<link rel="enclosure" type="image/png" href="/a.jpg"/>'),
        [image()],
    ),
    "media:content": (
        rss(f'{NAMED}<media:content url="{PICTURE}" medium="image" width="640" height="480"/>'),
        [image(width=640, height=480)],
    ),
    "media:content: the largest first": (
        rss(
            f'{NAMED}<media:content url="{SITE}s.jpg" width="100" height="50"/>'
            f'<media:content url="{SITE}l.jpg" width="900" height="600"/>'
        ),
        [image("l.jpg", width=900, height=600), image("s.jpg", width=100, height=50)],
    ),
    "media:content in a group": (
        rss(f'{NAMED}<media:group><media:content url="{PICTURE}"/></media:group>'),
        [image()],
    ),
    "media:content of a film with its thumbnail": (
        rss(
            f'{NAMED}<media:content url="{SITE}f.mp4" medium="video">'
            f'<media:thumbnail url="{PICTURE}"/></media:content>'
        ),
        [image()],
    ),
    "media:credit": (
        rss(f'{NAMED}<media:content url="{PICTURE}"/><media:credit>Ann Lee</media:credit>'),
        [image(attribution="Ann Lee")],
    ),
    "media:thumbnail": (
        rss(f'{NAMED}<media:thumbnail url="{PICTURE}" width="75" height="50"/>'),
        [image(width=75, height=50)],
    ),
    "itunes:image": (rss(f'{NAMED}<itunes:image href="{PICTURE}"/>'), [image()]),
    "content": (
        in_text('<p><img src="https://harbour.example/a.jpg" width="9"></p>'),
        [image(width=9)],
    ),
    "content, relative": (in_text('<img src="/a.jpg">'), [image()]),
    "content, loaded late": (
        in_text('<img src="data:image/gif;base64,R0" data-src="/a.jpg">'),
        [image()],
    ),
    "content without trackers": (
        in_text('<img src="/pixel/7.gif"><img src="/t.gif" width="1" height="1">'),
        [],
    ),
    "summary": (rss(f"{NAMED}<description>&lt;img src='/a.jpg'&gt;</description>"), [image()]),
    "content relative to its base": (
        atom(
            f'{ENTRY}<content type="html" xml:base="{SITE}deep/">&lt;img src="a.jpg"&gt;</content>'
        ),
        [image("deep/a.jpg")],
    ),
    "the same twice": (
        rss(
            f'{NAMED}<enclosure url="{PICTURE}" type="image/jpeg"/>'
            f'<media:thumbnail url="{PICTURE}"/>'
        ),
        [image()],
    ),
    "not an address": (rss(f'{NAMED}<enclosure url="javascript:x" type="image/png"/>'), []),
    "a size that is none": (
        rss(f'{NAMED}<media:thumbnail url="{PICTURE}" width="auto"/>'),
        [image()],
    ),
}


@pytest.mark.parametrize("name", IMAGES)
def test_the_images_of_an_event(name: str) -> None:
    body, expected = IMAGES[name]
    assert event_of(body).get("images", []) == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(rss(NAMED), None, id="an-article-is-the-default"),
        pytest.param(
            rss(f'{NAMED}<enclosure url="{SITE}p.mp3" type="audio/mpeg"/>'), "podcast", id="audio"
        ),
        pytest.param(
            rss(f'{NAMED}<enclosure url="{SITE}p.mp4" type="video/mp4"/>'), "video", id="film"
        ),
        pytest.param(
            rss(f'{NAMED}<media:content url="{SITE}p" medium="video"/>'), "video", id="media"
        ),
    ],
)
def test_the_type_of_an_event(body: str, kind: str | None) -> None:
    assert event_of(body).get("type") == kind
