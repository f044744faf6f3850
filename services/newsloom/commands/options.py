"""What the commands have in common: options, and the refusal of empty arguments."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from newsloom.pipeline.enrich import IMAGE_MODES

catalogue_option = click.option(
    "--catalogue",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file of providers and topics. It adds to the bundled catalogue or overrides it. "
    "Repeat the option for several files; a later file overrides an earlier one.",
)


def folder_option(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds --output for a command that works on a folder, or else on Kafka. `what` is its help."""
    return click.option(
        "--output",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help=what,
    )


def images_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --images and --discover-images."""
    images = click.option(
        "--images",
        type=click.Choice(IMAGE_MODES),
        help="check (the default): fetch images and keep the usable ones. trust: keep images "
        "without fetching them. off: keep none.",
    )
    discover = click.option(
        "--discover-images",
        is_flag=True,
        help="With --images check: if an article has no images, look for one on its web page, "
        "unless robots.txt forbids it.",
    )
    return images(discover(command))


def refuse_empty(command: click.Command, arguments: Sequence[str]) -> None:
    """Raises click.UsageError for an empty argument, such as an unset variable of a shell gives.

    `arguments` are those of `command`, which are not parsed yet.
    """
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, _, value = argument.partition("=")
        if not argument:
            name = _name_after(command, before)
        elif option.startswith("--") and option != argument and not value:
            name = option
        else:
            continue
        raise click.UsageError(f"{name} is empty: give it a value, or leave it out")


def _name_after(command: click.Command, before: str) -> str:
    """What an argument is called that comes after the argument `before`."""
    flags = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.is_flag
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    if before.startswith("-") and before.strip("-") and before not in flags and "=" not in before:
        return before
    names = [p.metavar or str(p.name).upper() for p in command.params if _is_argument(p)]
    return names[0].strip("[].") if names else "an argument"


def _is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)
