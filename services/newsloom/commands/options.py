"""Options that several commands have."""

from pathlib import Path

import click

catalogue_option = click.option(
    "--catalogue",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Providers and topics of your own, which add to those that come with Newsloom or "
    "override them. May be given several times.",
)
