"""Options that several commands share."""

from pathlib import Path

import click

catalogue_option = click.option(
    "--catalogue",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file of providers and topics. It adds to the bundled catalogue or overrides it. "
    "Repeat the option for several files; a later file overrides an earlier one.",
)
