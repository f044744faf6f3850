"""`newsloom run --images check` as a process, against HTTP servers on loopback."""

import time
from pathlib import Path

import pytest

from newsloom.adapters.storage.store import Store
from newsloom.runtimes.embedded import BATCH_RECORDS
from tests.support.illustrated import LOOPBACK, article
from tests.support.pictures import gif, jpeg, png
from tests.support.runs import (
    assert_same,
    complete,
    finish,
    read_outcome,
    records,
    run,
    size,
    start,
    wait_until,
    write_lines,
)
from tests.support.site import Act, Site, answer, once_requested, silence

# The images of a real record: path, width, height, and the expected verdict by the file name.
REFERENCE = {
    "/still-1582297909.jpg": (2000, 1000, "ok"),
    "/1128224709.jpg.0.jpg": (1400, 1050, "ok"),
    "/abcd-1200-80.jpg": (1200, 800, "ok"),
    "/XX-backupimage-1000x563.jpg": (1000, 563, "placeholder"),
    "/responsive/image.coreimg.jpg": (594, 333, "ok"),
    "/other/image.coreimg.jpg": (1280, 901, "ok"),
    "/photo-by-somebody.jpg": (800, 549, "ok"),
    "/gif-1240.jpg": (1240, 697, "ok"),
    "/gazette-0515-cover.jpg": (252, 335, "placeholder"),
    "/front.jpg": (252, 335, "ok"),
}


@pytest.mark.parametrize("mode", ["check", "trust"])
def test_images_are_kept_as_given_except_placeholders(tmp_path: Path, mode: str) -> None:
    acts: dict[str, Act] = {
        path: answer(jpeg(width, height, filler=n))
        for n, (path, (width, height, _)) in enumerate(REFERENCE.items())
    }
    with Site(acts) as site:
        given = [
            {"url": site.url(path), "width": w, "height": h, "title": "Fog"}
            for path, (w, h, _) in REFERENCE.items()
        ]
        lines = [article(n, image) for n, image in enumerate(given)]
        source = write_lines(tmp_path / "events.jsonl", lines)
        complete(source, "--images", mode, output=tmp_path / "out", environment=LOOPBACK)
        expected = [
            [image] if mode == "trust" or verdict == "ok" else []
            for image, (_, _, verdict) in zip(given, REFERENCE.values(), strict=True)
        ]
        assert bool(site.requests) == (mode == "check")
    curated = records(tmp_path / "out", "curated.jsonl")
    assert [record.get("images", []) for record in curated] == expected


def test_results_of_image_checks_are_shown(tmp_path: Path) -> None:
    with Site({"/good.png": answer(png()), "/dot.gif": answer(gif(1, 1))}) as site:
        dot, good, gone = (site.url(path) for path in ("/dot.gif", "/good.png", "/gone.png"))
        lines = [article(1, dot, good), article(2, gone, dot), article(3), article(4, good)]
        source = write_lines(tmp_path / "events.jsonl", lines)
        out = tmp_path / "out"
        ended = run(source, "--output", out, environment=LOOPBACK)
        assert ended.code == 0, ended
        assert "articles without a usable image: 1 http-error, 1 none-given" in ended.out
        shown = _explain("https://outlet1.example/1", out)
        pad = " " * 15
        assert f"images         tracking-pixel 1×1: {dot}\n{pad}ok 640×360: {good}\n" in shown
        assert f"images         http-error: {gone}" in _explain("https://outlet2.example/2", out)
        assert "images         none" in _explain("https://outlet3.example/3", out)


def _explain(url: str, out: Path) -> str:
    ended = finish(start(url, "--output", out, command="explain"))
    assert ended.code == 0, ended
    return ended.out


def test_loopback_is_not_contacted_by_default(tmp_path: Path) -> None:
    with Site({"/good.png": answer(png())}) as site:
        source = write_lines(tmp_path / "events.jsonl", [article(1, site.url("/good.png"))])
        ended = run(source, "--output", tmp_path / "out", environment={"NEWSLOOM_IMAGES": None})
        assert site.connections == 0
    assert "articles without a usable image: 1 blocked-address" in ended.out


def test_unreachable_images_do_not_slow_the_run(tmp_path: Path) -> None:
    lines = [article(n, f"http://127.0.0.1:{9 + n % 3}/{n}.jpg") for n in range(300)]
    source = write_lines(tmp_path / "events.jsonl", lines)
    started_at = time.monotonic()
    ended = run(source, "--output", tmp_path / "out", environment=LOOPBACK)
    assert time.monotonic() - started_at < 60
    assert "articles without a usable image: 300 unreachable" in ended.out
    assert "300 inputs = 300 curated" in ended.out


def test_order_and_records_do_not_depend_on_image_latency(tmp_path: Path) -> None:
    port = 0
    for folder, delay_s in (("slow", 0.3), ("fast", 0.0)):
        acts: dict[str, Act] = {
            f"/{n}.jpg": answer(jpeg(filler=n), after_s=delay_s * (n % 7 == 0)) for n in range(120)
        }
        with Site(acts, port=port) as site:
            port = site.port
            lines = [article(n, site.url(f"/{n}.jpg")) for n in range(120)]
            source = write_lines(tmp_path / "events.jsonl", lines)
            complete(source, output=tmp_path / folder, environment=LOOPBACK)
    one, two = read_outcome(tmp_path / "slow"), read_outcome(tmp_path / "fast")
    assert one.files == two.files
    assert one.rows == two.rows
    urls = [record["webUrl"] for record in records(tmp_path / "slow", "curated.jsonl")]
    assert urls == [f"https://outlet{n % 11}.example/{n}" for n in range(120)]


def test_slow_image_delays_the_run_at_most_by_its_deadline(tmp_path: Path) -> None:
    acts: dict[str, Act] = {"/slow.jpg": silence(), "/good.jpg": answer(jpeg())}
    with Site(acts) as site:
        lines = [article(n, site.url("/good.jpg")) for n in range(0, 60, 3)]
        lines.insert(5, article(1, site.url("/slow.jpg")))
        source = write_lines(tmp_path / "events.jsonl", lines)
        started_at = time.monotonic()
        complete(source, output=tmp_path / "out", environment=LOOPBACK)
        assert time.monotonic() - started_at < 60, "the silent image would last an hour"
    assert len(records(tmp_path / "out", "curated.jsonl")) >= 21


def test_images_are_checked_ahead_of_the_slowest(tmp_path: Path) -> None:
    """The first image is answered when the last one is asked for, more than a batch later."""
    last = BATCH_RECORDS + 90
    with Site({"/shared.png": answer(png()), "/last.png": answer(png(filler=1))}) as site:
        site.acts["/first.png"] = once_requested(site, "/last.png", answer(png(filler=2)))
        images = ["/first.png", *["/shared.png"] * (last - 1), "/last.png"]
        lines = [article(n, site.url(image)) for n, image in enumerate(images)]
        source = write_lines(tmp_path / "events.jsonl", lines)
        complete(source, output=tmp_path / "out", environment=LOOPBACK)
    curated = records(tmp_path / "out", "curated.jsonl")
    numbers = [int(record["webUrl"].rsplit("/")[-1]) for record in curated]
    assert [n for n in numbers if numbers.count(n) == 1] == sorted(set(numbers))
    assert {0, last} <= {int(r["webUrl"].rsplit("/")[-1]) for r in curated if r.get("images")}


def test_killed_during_image_fetches_continues_without_loss_or_repeat(tmp_path: Path) -> None:
    acts: dict[str, Act] = {
        f"/{n}.jpg": answer(jpeg(filler=n), after_s=0.03 * (n % 5)) for n in range(240)
    }
    with Site(acts) as site:
        lines = [article(n, site.url(f"/{n}.jpg")) for n in range(240)]
        source = write_lines(tmp_path / "events.jsonl", lines)
        arguments = (source, "--quiet", "--output")
        process = start(*arguments, tmp_path / "killed", environment=LOOPBACK)
        wait_until(lambda: size(tmp_path / "killed" / "curated.jsonl") > 0, process)
        process.kill()
        process.communicate()
        Store(tmp_path / "killed").close()  # Completes curated.jsonl from the database.
        assert 0 < len(records(tmp_path / "killed", "curated.jsonl")) < 240
        so_far = size(tmp_path / "killed" / "curated.jsonl")
        stopped = start(*arguments, tmp_path / "killed", environment=LOOPBACK)
        wait_until(lambda: size(tmp_path / "killed" / "curated.jsonl") > so_far, stopped)
        stopped.terminate()
        assert finish(stopped).code == 128 + 15
        complete(source, output=tmp_path / "killed", environment=LOOPBACK)
        complete(source, output=tmp_path / "whole", environment=LOOPBACK)
    assert_same(tmp_path / "killed", tmp_path / "whole")


BAD = {
    "no network": ({"NEWSLOOM_IMAGES_ALLOW_NETWORKS": "localhost"}, "images_allow_networks"),
    "host bits": ({"NEWSLOOM_IMAGES_ALLOW_NETWORKS": "10.0.0.1/8"}, "images_allow_networks"),
    "too many": ({"NEWSLOOM_IMAGES_PER_ARTICLE": "4"}, "images_per_article"),
    "a line break": ({"NEWSLOOM_OPERATOR_CONTACT": "a\r\nX: b"}, "operator_contact"),
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_image_setting_is_named_in_one_line(tmp_path: Path, reason: str) -> None:
    environment, name = BAD[reason]
    source = write_lines(tmp_path / "events.jsonl", [article(1)])
    ended = run(source, "--output", tmp_path / "out", environment=environment)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert name in ended.err


def test_operator_contact_is_in_the_user_agent(tmp_path: Path) -> None:
    with Site({"/good.png": answer(png())}) as site:
        source = write_lines(tmp_path / "events.jsonl", [article(1, site.url("/good.png"))])
        contact = {"NEWSLOOM_OPERATOR_CONTACT": "mailto:desk@river.example"}
        complete(source, output=tmp_path / "out", environment=LOOPBACK | contact)
        assert "(+mailto:desk@river.example)" in site.requests[0].headers["user-agent"]
