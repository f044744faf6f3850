"""An empty argument is refused, and the message names it."""

import click
import pytest

from newsloom.commands.compare import compare
from newsloom.commands.explain.command import explain
from newsloom.commands.kafka.tail import tail
from newsloom.commands.options import refuse_empty
from newsloom.commands.run import run

EMPTY: list[tuple[click.Command, list[str], str]] = [
    (run, ["e.jsonl", "--output", ""], "--output is empty"),
    (run, ["e.jsonl", "--output="], "--output is empty"),
    (run, ["", "--output", "out"], "INPUT is empty"),
    (run, ["--output", "out", "--quiet", ""], "INPUT is empty"),
    (run, ["e.jsonl", "--output", "out", "--catalogue", ""], "--catalogue is empty"),
    (compare, ["e.jsonl", "--settings", "", "--settings", "b.toml"], "--settings is empty"),
    (explain, ["", "--output", "out"], "URL|ID is empty"),
    (tail, ["stories", "--since", ""], "--since is empty"),
    (tail, ["--no-follow", ""], "TOPIC is empty"),
]


@pytest.mark.parametrize("number", range(len(EMPTY)))
def test_empty_argument_is_refused(number: int) -> None:
    command, arguments, message = EMPTY[number]
    with pytest.raises(click.UsageError) as refused:
        refuse_empty(command, arguments)
    assert refused.value.message == f"{message}: give it a value, or leave it out"


def test_other_arguments_are_accepted() -> None:
    refuse_empty(run, ["e.jsonl", "-", "--output=out", "--images", "off", "a=", "--quiet"])
