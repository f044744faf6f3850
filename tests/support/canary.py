"""Events with a canary word in `private`: if it is found anywhere else, private data leaked."""

import json
from typing import Any

CANARY = "canary-in-the-coal-mine"


def article(number: int, **fields: Any) -> dict[str, Any]:
    """An article event at `https://harbour.example/<number>`."""
    return {
        "webUrl": f"https://harbour.example/{number}",
        "title": f"Ferry number {number} aground",
        "publishedDateTime": "2026-03-02T10:00:00Z",
        "locale": "en",
        **fields,
    }


GOOD = [
    article(1, private={"note": CANARY, CANARY: [CANARY, {"deep": CANARY}]}),
    article(2, private={"note": CANARY}, images=[{"url": "no url"}], source="loom-spider"),
    article(3, private=CANARY),
    article(4, private=[CANARY]),
    article(5, private={"note": CANARY * 1_000}),
    article(6, private={"note": CANARY}, secured="AAAA;BBBB"),
    {"webUrl": "https://harbour.example/6", "withdrawn": True, "private": {"note": CANARY}},
]
"""Inputs that are curated. With a key, articles 1, 2 and 6 are sealed; the last withdraws 6."""

BAD = [
    json.dumps(article(11, private={"note": CANARY}, title=" ")).encode(),
    json.dumps(article(12, private={"note": CANARY}, publishedDateTime=None)).encode(),
    json.dumps(article(13, private={"note": CANARY}))[:-1].encode(),
    b'{"private": {"note": "\\q' + CANARY.encode() + b'"}}',
    b'{"private": {"note": NaN, "' + CANARY.encode() + b'": NaN}}',
    b'{"private": {"note": "\xff' + CANARY.encode() + b'"}}',
]
"""Inputs that become dead letters, with the canary in places that a message could quote."""

BAD_DOCUMENTS = {
    "a tag": f"note: !{CANARY} x",
    "an anchor": f"note: &{CANARY} x",
    "an alias": f"note: *{CANARY}",
    "a name twice": f"{CANARY}: 1\n  {CANARY}: 2",
    "a long name": f"{CANARY * 9}: 1",
    "a list as a name": f"[{CANARY}]: 1",
    "open quotes": f'note: "{CANARY}',
    "a colon": f"note: {CANARY}: {CANARY}: x",
    "a control character": f"note: {CANARY}\x07",
}
"""Values of `private:` in front-matter documents that also become dead letters."""
