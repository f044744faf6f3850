"""Reads the images of articles from JSON-LD, as sites write it.

In: the texts of the JSON-LD scripts of one page. Out: references to images. It accepts JSON with
line breaks in strings, in CDATA sections and comments, with commas at the end of lists, and with
escaped quotes. Its work is bounded, and it raises nothing.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

MAX_IMAGES = 50
"""References of one article that are read."""
MAX_NODES = 2_000
MAX_BYTES = 256 * 1024
"""Only a smaller script is read again if it is not JSON."""

_DECODER = json.JSONDecoder(strict=False)
_WRAPPER = re.compile(r"^(?:\s|//|/\*|\*/|<!--|<!\[CDATA\[|\ufeff)+")
_LAST_COMMA = re.compile(r",(?=\s*[}\]])")


def find_article_images(scripts: Iterable[str]) -> Iterator[str]:
    """The `image` of each article in schema.org documents, at any depth.

    A reference by `@id` is followed to the object of that id, in any of the scripts.
    """
    nodes = [node for script in scripts for node in _nodes(_parse(script))]
    by_id = {node["@id"]: node for node in reversed(nodes) if _is_named_image(node)}
    for node in nodes:
        if _is_article(node):
            yield from _references(node.get("image"), by_id)


def _parse(text: str) -> Any:
    """The document in a script; None if there is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if len(text) > MAX_BYTES:
            return None
    text = _WRAPPER.sub("", text)
    for form in (text, _LAST_COMMA.sub("", text), html.unescape(text)):
        try:
            return _DECODER.raw_decode(form)[0]  # what follows the document does not count
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(document: Any) -> list[dict[str, Any]]:
    """The objects of a document, outer ones first."""
    waiting, found, seen = [document], [], 0
    while waiting and seen < MAX_NODES:
        node, seen = waiting.pop(0), seen + 1
        if isinstance(node, list):
            waiting += node[:MAX_NODES]
        elif isinstance(node, dict):
            found.append(node)
            waiting += [value for value in node.values() if isinstance(value, dict | list)]
    return found


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(kind, str) and kind.endswith(("Article", "Posting")) for kind in kinds)


def _is_named_image(node: dict[str, Any]) -> bool:
    return isinstance(node.get("@id"), str) and bool(node.get("url") or node.get("contentUrl"))


def _references(image: Any, by_id: dict[str, dict[str, Any]]) -> Iterator[str]:
    for entry in image[:MAX_IMAGES] if isinstance(image, list) else [image]:
        reference = entry
        if isinstance(entry, dict):
            name = entry.get("@id")
            full = by_id.get(name, {}) | entry if isinstance(name, str) else entry
            reference = full.get("url") or full.get("contentUrl") or _address(name)
        elif isinstance(entry, str) and entry in by_id:
            reference = by_id[entry].get("url") or by_id[entry].get("contentUrl")
        if isinstance(reference, str):
            yield reference


def _address(name: Any) -> str | None:
    """An `@id` that is the address of a file, not of a part of the page."""
    is_address = isinstance(name, str) and name.startswith("http") and "#" not in name
    return name if is_address else None
