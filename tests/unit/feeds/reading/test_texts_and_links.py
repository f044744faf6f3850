"""Title, excerpt, link, language, topics and provider of every format and extension."""

from typing import Any

import pytest

from tests.unit.feeds.reading.samples import ENTRY, LINK, NAMED, atom, event_of, rdf, rss

ONE = "https://harbour.example/1"
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">'
BASED = 'xml:base="https://harbour.example/news/"'
LONG = "The pilots wait for high water at the north quay of the old port. " * 12

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    # Formats.
    "rss 0.90": (rdf(NAMED, "http://my.netscape.com/rdf/simple/0.9/"), {"title": "Tide"}),
    "rss 0.91": (rss(NAMED).replace('"2.0"', '"0.91"'), {"webUrl": ONE}),
    "rss 0.92": (rss(NAMED).replace('"2.0"', '"0.92"'), {"webUrl": ONE}),
    "rss 0.94": (rss(NAMED).replace('"2.0"', '"0.94"'), {"webUrl": ONE}),
    "rss 1.0": (rdf(NAMED + "<description>Low</description>"), {"excerpt": "Low"}),
    "rss 2.0": (rss(NAMED), {"webUrl": ONE, "title": "Tide", "source": "harbour.example"}),
    "rss without a version": (rss(NAMED).replace(' version="2.0"', ""), {"webUrl": ONE}),
    "atom 0.3": (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>H</title><entry>'
        f'<title>Tide</title><link rel="alternate" href="{ONE}"/>'
        "<issued>2026-03-03T10:00:00Z</issued><modified>2026-03-03T11:00:00Z</modified>"
        "</entry></feed>",
        {
            "webUrl": ONE,
            "publishedDateTime": "2026-03-03T10:00:00Z",
            "updatedDateTime": "2026-03-03T11:00:00Z",
        },
    ),
    "atom 1.0": (atom(ENTRY), {"webUrl": ONE, "title": "Tide"}),
    # Titles.
    "title in cdata": (
        rss(f"<title><![CDATA[Tide & tow]]></title>{LINK}"),
        {"title": "Tide & tow"},
    ),
    "title with markup": (
        rss(f"<title>&lt;b&gt;Tide&lt;/b&gt; turns</title>{LINK}"),
        {"title": "Tide turns"},
    ),
    "title with entities twice": (
        rss(f"<title>Tide &amp;amp; tow</title>{LINK}"),
        {"title": "Tide & tow"},
    ),
    "title with html entities": (rss(f"<title>Cr&eacute;ance</title>{LINK}"), {"title": "Créance"}),
    "title with numbers for letters": (
        rss(f"<title>Tide&#8217;s &#x2014; end</title>{LINK}"),
        {"title": "Tide’s — end"},
    ),
    "title on several lines": (
        rss(f"<title>\n Tide\n  turns </title>{LINK}"),
        {"title": "Tide turns"},
    ),
    "title of media:title only": (
        rss(f"<media:title>Tide on film</media:title>{LINK}"),
        {"title": "Tide on film"},
    ),
    "title before media:title": (
        rss(f"{NAMED}<media:content url='a.jpg'><media:title>Film</media:title></media:content>"),
        {"title": "Tide"},
    ),
    "title of dc:title": (rss(f"<dc:title>Tide</dc:title>{LINK}"), {"title": "Tide"}),
    "title missing": (
        rss(f"{LINK}<description>Boats wait. Pilots sleep.</description>"),
        {"title": "Boats wait. Pilots sleep."},
    ),
    "atom title as html": (
        atom(ENTRY.replace("<title>Tide", '<title type="html">&lt;i&gt;Tide&lt;/i&gt; high')),
        {"title": "Tide high"},
    ),
    "atom title as text": (
        atom(ENTRY.replace("<title>Tide", '<title type="text">Tide &amp; tow')),
        {"title": "Tide & tow"},
    ),
    "atom title as xhtml": (
        atom(ENTRY.replace("<title>Tide", f'<title type="xhtml">{XHTML}Tide <b>high</b></div>')),
        {"title": "Tide high"},
    ),
    # Excerpts.
    "excerpt of a description with markup": (
        rss(f"{NAMED}<description>&lt;p&gt;Low&lt;/p&gt;&lt;p&gt;water&lt;/p&gt;</description>"),
        {"excerpt": "Low water"},
    ),
    "excerpt of a description in cdata": (
        rss(f"{NAMED}<description><![CDATA[<p>Low <em>water</em></p>]]></description>"),
        {"excerpt": "Low water"},
    ),
    "excerpt without scripts": (
        rss(
            f"{NAMED}<description><![CDATA[Low<script>x()</script><style>p</style>]]></description>"
        ),
        {"excerpt": "Low"},
    ),
    "excerpt of content:encoded": (
        rss(f"{NAMED}<content:encoded><![CDATA[<p>Low water.</p>]]></content:encoded>"),
        {"excerpt": "Low water."},
    ),
    "excerpt of the summary before the content": (
        rss(
            f"{NAMED}<description>In short.</description>"
            "<content:encoded>&lt;p&gt;At length.&lt;/p&gt;</content:encoded>"
        ),
        {"excerpt": "In short."},
    ),
    "excerpt of the content where the summary repeats the title": (
        rss(
            f"{NAMED}<description>Tide</description>"
            "<content:encoded>&lt;p&gt;At length.&lt;/p&gt;</content:encoded>"
        ),
        {"excerpt": "At length."},
    ),
    "no excerpt that only repeats the title": (
        rss(f"{NAMED}<description>tide</description>"),
        {"excerpt": None},
    ),
    "excerpt in whole sentences": (
        rss(f"{NAMED}<description>{LONG}</description>"),
        {"excerpt": (LONG[: 66 * 7]).strip()},
    ),
    "excerpt of itunes:summary": (
        rss(f"{NAMED}<itunes:summary>Low water</itunes:summary>"),
        {"excerpt": "Low water"},
    ),
    "excerpt of media:description": (
        rss(f"{NAMED}<media:description>Low water</media:description>"),
        {"excerpt": "Low water"},
    ),
    "excerpt of dc:description": (
        rss(f"{NAMED}<dc:description>Low water</dc:description>"),
        {"excerpt": "Low water"},
    ),
    "atom summary as html": (
        atom(f'{ENTRY}<summary type="html">&lt;p&gt;Low&lt;/p&gt;</summary>'),
        {"excerpt": "Low"},
    ),
    "atom content as xhtml": (
        atom(f'{ENTRY}<content type="xhtml">{XHTML}<p>Low</p><p>water</p></div></content>'),
        {"excerpt": "Low water"},
    ),
    "atom content in base64": (
        atom(f'{ENTRY}<content type="application/octet-stream">TG93</content>'),
        {"title": "Tide"},
    ),
    "atom content elsewhere": (
        atom(f'{ENTRY}<content type="text/html" src="https://harbour.example/c"/>'),
        {"webUrl": ONE, "excerpt": None},
    ),
    # Links.
    "link relative in rss": (rss("<title>Tide</title><link>/1</link>"), {"webUrl": ONE}),
    "link without a scheme": (
        rss("<title>Tide</title><link>//harbour.example/1</link>"),
        {"webUrl": ONE},
    ),
    "link on several lines": (
        rss("<title>Tide</title><link>\n  https://harbour.example/1\n</link>"),
        {"webUrl": ONE},
    ),
    "link in cdata": (
        rss("<title>Tide</title><link><![CDATA[https://harbour.example/1]]></link>"),
        {"webUrl": ONE},
    ),
    "link with an ampersand": (
        rss("<title>Tide</title><link>https://harbour.example/1?a=1&amp;b=2</link>"),
        {"webUrl": "https://harbour.example/1?a=1&b=2"},
    ),
    "link with an international host": (
        rss("<title>Tide</title><link>https://häfen.example/1</link>"),
        {"webUrl": "https://häfen.example/1"},
    ),
    "guid that is the permalink": (
        rss("<title>Tide</title><guid>https://harbour.example/1</guid>"),
        {"webUrl": ONE},
    ),
    "link before guid": (
        rss(f"{NAMED}<guid>https://harbour.example/?p=7</guid>"),
        {"webUrl": ONE},
    ),
    "atom link in rss": (
        rss('<title>Tide</title><atom:link rel="alternate" href="https://harbour.example/1"/>'),
        {"webUrl": ONE},
    ),
    "atom alternate among other links": (
        atom(
            '<title>Tide</title><id>x</id><link rel="edit" href="https://harbour.example/e"/>'
            f'<link rel="replies" href="https://harbour.example/r"/><link href="{ONE}"/>'
        ),
        {"webUrl": ONE},
    ),
    "atom page before another form": (
        atom(
            "<title>Tide</title><id>x</id>"
            '<link rel="alternate" type="application/json" href="https://harbour.example/1.json"/>'
            f'<link rel="alternate" type="text/html" href="{ONE}"/>'
        ),
        {"webUrl": ONE},
    ),
    "atom id that is an address": (
        atom("<title>Tide</title><id>https://harbour.example/1</id>"),
        {"webUrl": ONE},
    ),
    "base of the feed": (
        atom('<title>Tide</title><id>x</id><link href="1"/>', attributes=BASED),
        {"webUrl": "https://harbour.example/news/1"},
    ),
    "base of the entry": (
        atom('<title>Tide</title><id>x</id><link xml:base="deep/" href="1"/>', attributes=BASED),
        {"webUrl": "https://harbour.example/news/deep/1"},
    ),
    "base in rss": (
        rss("<title>Tide</title><link>1</link>").replace("<channel>", f"<channel {BASED}>"),
        {"webUrl": "https://harbour.example/news/1"},
    ),
    "feedburner's own address": (
        rss(
            "<title>Tide</title><link>https://feeds.example/~r/1</link>"
            "<feedburner:origLink>https://harbour.example/1</feedburner:origLink>"
        ),
        {"webUrl": "https://feeds.example/~r/1", "originalUrl": ONE},
    ),
    # Languages.
    "language of the channel": (rss(NAMED, "<language>de-at</language>"), {"locale": "de-AT"}),
    "language of dc:language": (
        rss(f"{NAMED}<dc:language>fr</dc:language>", "<language>de</language>"),
        {"locale": "fr"},
    ),
    "language of atom": (atom(ENTRY, attributes='xml:lang="pt-BR"'), {"locale": "pt-BR"}),
    "language of an entry's title": (
        atom(ENTRY.replace("<title>", '<title xml:lang="es">'), attributes='xml:lang="pt"'),
        {"locale": "es"},
    ),
    "language that is none": (rss(NAMED, "<language>english!</language>"), {"locale": None}),
    # Topics.
    "topics of categories": (
        rss(f"{NAMED}<category>Ports</category><category domain='d'>Tides</category>"),
        {"topics": ["Ports", "Tides"]},
    ),
    "topics of dc:subject": (rss(f"{NAMED}<dc:subject>Ports</dc:subject>"), {"topics": ["Ports"]}),
    "topics of atom: label before term": (
        atom(f'{ENTRY}<category term="p1" label="Ports"/><category term="Tides"/>'),
        {"topics": ["Ports", "Tides"]},
    ),
    "topics once": (
        rss(f"{NAMED}<category>Ports</category><category> Ports </category>"),
        {"topics": ["Ports"]},
    ),
    "topics with entities": (
        rss(f"{NAMED}<category>Ports &amp;amp; tides</category>"),
        {"topics": ["Ports & tides"]},
    ),
    "topics of itunes": (
        rss(f'{NAMED}<itunes:category text="Ports"/>'),
        {"topics": ["Ports"]},
    ),
    # Providers.
    "provider of the feed": (
        rss(NAMED),
        {"provider": {"name": "Harbour Post", "domain": "harbour.example"}},
    ),
    "provider of the item's source": (
        rss(f'{NAMED}<source url="https://www.gull.example/rss">The Gull</source>'),
        {"provider": {"name": "The Gull", "domain": "gull.example"}},
    ),
    "provider of atom's source": (
        atom(
            f'{ENTRY}<source><title>The Gull</title><link href="https://gull.example/"/></source>'
        ),
        {"provider": {"name": "The Gull", "domain": "gull.example"}},
    ),
    "no provider of a feed about other sites": (
        rss("<title>Tide</title><link>https://gull.example/1</link>"),
        {"provider": None},
    ),
    "provider without the section in the feed's title": (
        rss(NAMED).replace("Harbour Post", "World - Harbour"),
        {"provider": {"name": "Harbour", "domain": "harbour.example"}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_fields_of_an_event(name: str) -> None:
    body, expected = CASES[name]
    event = event_of(body)
    assert {field: event.get(field) for field in expected} == expected
