"""`newsloom resume`: lets a halted installation or output folder go on.

In: the committed positions of the workers' groups, or an output folder. Out: the same positions
without the mark that halts them, and one line for each.
"""

from pathlib import Path

import click

from newsloom.adapters.storage.store import Store, require_database
from newsloom.commands.options import folder_option
from newsloom.settings import Settings


@click.command()
@folder_option(
    "The output folder of a `newsloom run` that halted.  [default: the workers on Kafka]"
)
def resume(folder: Path | None) -> None:
    """Go on after Newsloom halted because of bugs.

    Twenty records that fail because of a bug in Newsloom halt a run or a worker, so that a faulty
    release does not turn all inputs into dead letters. What precedes the twentieth is committed.
    Then nothing is processed until this command is run. Install a release without the bug first;
    with the same release, the next nineteen such records become dead letters.

    Running workers go on within seconds. For a folder, run `newsloom run` again afterwards.

    \b
    Exit codes:
      0  nothing is halted any more
      1  the folder or the broker failed
      2  unusable arguments or settings

    \b
    Examples:
      newsloom resume
      newsloom resume --output out
    """
    resumed = _resume_workers(Settings()) if folder is None else _resume_folder(folder)
    for line in resumed or ["nothing is halted"]:
        click.echo(line)


def _resume_folder(folder: Path) -> list[str]:
    from newsloom.runtimes.embedded_attempts import resume

    require_database(folder)
    store = Store(folder)
    try:
        return [f"{folder} is resumed: run `newsloom run` again"] if resume(store) else []
    finally:
        store.close()


def _resume_workers(settings: Settings) -> list[str]:
    # Imported here, because a folder needs no Kafka clients.
    from newsloom.commands.kafka.connect import on_kafka
    from newsloom.runtimes.kafka.clients.group_offsets import resume_group
    from newsloom.runtimes.kafka.topics.definitions import KafkaTopics

    servers, topics = settings.kafka_bootstrap_servers, KafkaTopics(settings.kafka_topic_prefix)
    inputs = {"enrich": topics.article_events, "curate": topics.enriched_articles}
    return [
        f"{stage} is resumed: {place.topic} partition {place.partition}, offset {offset}"
        for stage, topic in inputs.items()
        for place, offset in on_kafka(
            resume_group(servers, settings.kafka_group_prefix + stage, topic)
        )
    ]
