"""Runs `newsloom` as the former release named its groups, or as the release after that one.

In: `former` or `present`, and the arguments of `newsloom`. Out: a `newsloom` process. The former
groups have other names than in a real installation, because tests share their brokers. The former
release neither wrote nor read which group writes a lane.

    python -m tests.support.release former worker all --restart
"""

import sys
from importlib import import_module
from typing import Any

import orjson

from newsloom.runtimes.kafka.stages.lane_reader import LanePosition
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics, Stage


def former_group(topics: KafkaTopics, stage: Stage) -> str:
    """The group of a stage in the former release."""
    return f"{topics.prefix}former.{stage}"


def _encode_position(position: LanePosition) -> bytes:
    return orjson.dumps({"next_offset": position.next_offset})


def main() -> None:
    """Changes the names, then runs `newsloom`."""
    release, *arguments = sys.argv[1:]
    names: Any = KafkaTopics
    names.former_group = former_group
    if release == "former":
        names.group = former_group
        curate: Any = import_module("newsloom.runtimes.kafka.stages.curate")
        curate.encode_position = _encode_position
        curate.CurateProcessor._require_own = lambda *_: None
    sys.argv = ["newsloom", *arguments]
    from newsloom.cli import main

    main()


if __name__ == "__main__":
    main()
