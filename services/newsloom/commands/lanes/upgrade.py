"""`newsloom lanes upgrade`: lets lanes be written in the form of this release.

In: an output folder, or the lanes on Kafka. Out: the folder in the newest format, or a mark for the
curate workers, and one line for each.
"""

from pathlib import Path

import click

from newsloom.adapters.storage.store import Store, require_database
from newsloom.commands.options import folder_option
from newsloom.settings import Settings


@click.command()
@folder_option("The output folder of a `newsloom run`.  [default: the lanes on Kafka]")
def upgrade(folder: Path | None) -> None:
    """Store lanes in the form of this release, which the former release cannot read.

    A release reads the rows and enriched records of the former release, and goes on writing that
    form, so that you can go back. What this release adds to a lane (departed articles are
    remembered, long work takes several transactions) begins with the upgrade. A new lane has the
    newest form from the beginning.

    On Kafka, update all workers first. This command marks every lane; nothing else changes. A
    curate worker upgrades a marked lane when it next gets it, so restart the curate workers within
    a week, then the enrich workers. The mark is kept for as long as the broker keeps the offsets of
    a group without members (7 days by default).

    \b
    Exit codes:
      0  the folder is upgraded, or the lanes are marked
      1  the folder or the broker failed
      2  unusable arguments or settings

    \b
    Examples:
      newsloom lanes upgrade --output out
      newsloom lanes upgrade
    """
    for line in _upgrade_lanes(Settings()) if folder is None else [_upgrade_folder(folder)]:
        click.echo(line)


def _upgrade_folder(folder: Path) -> str:
    require_database(folder)
    store = Store(folder)
    try:
        return f"{folder} {'is upgraded' if store.upgrade() else 'has the newest form already'}"
    finally:
        store.close()


def _upgrade_lanes(settings: Settings) -> list[str]:
    # Imported here, because a folder needs no Kafka clients.
    from newsloom.commands.kafka.connect import on_kafka
    from newsloom.rules.lanes import LaneTable
    from newsloom.runtimes.kafka.clients.group_forms import mark_for_upgrade
    from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

    topics = KafkaTopics(settings.kafka_topic_prefix)
    marked = mark_for_upgrade(
        settings.kafka_bootstrap_servers,
        topics,
        LaneTable(settings.kafka_lanes).count,
    )
    return [
        f"lane {lane}: has the newest form already"
        if is_newest
        else f"lane {lane}: marked; its curate worker upgrades it when it is restarted"
        for lane, is_newest in on_kafka(marked).items()
    ]
