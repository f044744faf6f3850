"""Images of articles in JSON-LD, as sites write it."""

import time

import pytest

from newsloom.adapters.images.linked_data import find_article_images

A = '{"@type":"NewsArticle","image":"/a.png"}'

BROKEN: dict[str, str] = {
    "JSON": A,
    "a line break in a string": '{"@type":"NewsArticle","headline":"Fog\nlifts","image":"/a.png"}',
    "a tab in a string": '{"@type":"NewsArticle","headline":"Fog\tlifts","image":"/a.png"}',
    "a control character": '{"@type":"NewsArticle","headline":"Fog\x01","image":"/a.png"}',
    "CDATA": "\n//<![CDATA[\n" + A + "\n//]]>\n",
    "CDATA without slashes": "<![CDATA[" + A + "]]>",
    "CDATA in a comment of C": "/*<![CDATA[*/" + A + "/*]]>*/",
    "a comment of HTML": "<!--" + A + "-->",
    "a comment of HTML and slashes": "<!--//" + A + "//-->",
    "a semicolon": A + ";",
    "a comma after the last member": A[:-1] + ",}",
    "a comma after the last element": '[{"@type":"NewsArticle","image":["/a.png",]},]',
    "a byte order mark": "\ufeff" + A,
    "escaped quotes": A.replace('"', "&quot;"),
    "two documents": A + "\n" + A,
    "text after the document": A + "</p>",
    "a line break and CDATA": "//<![CDATA[\n" + A.replace("{", '{"description":"a\nb",') + "//]]>",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_documents_are_read(case: str) -> None:
    assert list(find_article_images([BROKEN[case]]))[:1] == ["/a.png"]


def _graph(article_image: str, *others: str) -> str:
    return (
        '{"@graph":[{"@type":"Article","image":' + ",".join([article_image + "}", *others]) + "]}"
    )


IMAGE = '{"@type":"ImageObject","@id":"#i","url":"/a.png"}'
PERSON = '{"@type":"Person","@id":"#p"}'
BY_NAME = '{"@id":"#i"}'
ADDRESS = "https://s.example/a.png"
CIRCLE = '{"@id":"#i","url":{"@id":"#i"}}'
REFERENCES: dict[str, tuple[list[str], list[str]]] = {
    "to an image object": ([_graph(BY_NAME, IMAGE)], ["/a.png"]),
    "to one before the article": (
        ["[" + IMAGE + ',{"@type":"Article","image":' + BY_NAME + "}]"],
        ["/a.png"],
    ),
    "to its contentUrl": ([_graph(BY_NAME, IMAGE.replace("url", "contentUrl"))], ["/a.png"]),
    "in a list": ([_graph("[" + BY_NAME + ',"/b.png"]', IMAGE)], ["/a.png", "/b.png"]),
    "as text": ([_graph('"#i"', IMAGE)], ["/a.png"]),
    "in another script": ([_graph(BY_NAME), IMAGE], ["/a.png"]),
    "with a type": ([_graph('{"@type":"ImageObject","@id":"#i"}', IMAGE)], ["/a.png"]),
    "with a URL of its own": ([_graph('{"@id":"#i","url":"/b.png"}', IMAGE)], ["/b.png"]),
    "to a nested object": ([_graph(BY_NAME, '{"@type":"WebPage","x":' + IMAGE + "}")], ["/a.png"]),
    "to the image itself": ([_graph('{"@id":"' + ADDRESS + '"}')], [ADDRESS]),
    "to a number": ([_graph('{"@id":5}')], []),
    "to nothing": ([_graph(BY_NAME)], []),
    "to an object that is no image": ([_graph('{"@id":"#p"}', PERSON)], []),
    "in a circle": ([_graph(BY_NAME, CIRCLE)], []),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_references_are_followed(case: str) -> None:
    scripts, expected = REFERENCES[case]
    assert list(find_article_images(scripts)) == expected


@pytest.mark.parametrize("part", ["[", '{"a":', ", ", "//", "&quot;", '{"@id":"x","url":"y"},'])
def test_a_hostile_script_takes_under_two_seconds(part: str) -> None:
    started_s = time.process_time()
    list(find_article_images([part * (2 * 1024 * 1024 // len(part))]))
    list(find_article_images(["[" + part * (200 * 1024 // len(part))]))
    assert time.process_time() - started_s < 2
