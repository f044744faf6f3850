"""`newsloom lanes`: the group of its commands."""

import click

from newsloom.commands.lanes.rebuild import rebuild
from newsloom.commands.lanes.upgrade import upgrade


@click.group()
def lanes() -> None:
    """Work on the whole state of an output folder, or of lanes on Kafka."""


lanes.add_command(rebuild)
lanes.add_command(upgrade)
