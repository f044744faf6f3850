"""Stories: opening one, counting its articles, merging two, and ending one."""

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.pending import Task, TaskKind
from newsloom.pipeline.lane.providers import Provider
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.records.curated import Article


def join_story(changes: Changeset, live: LiveArticle) -> None:
    """Counts an article in its story, which is opened if it has no row."""
    if not isinstance(changes.stories.row(live.story_id), LiveStory):
        story = LiveStory(live.story_id, live.sequence, live.event_at, live.event_at)
        changes.stories.put(story)
    changes.stories.count(live.story_id, provider_of(live.article), live.event_at, 1)


def provider_of(article: Article) -> Provider:
    """The name and the domain of an article's provider."""
    return article["provider"]["name"], article["provider"]["domain"]


def merge_stories(changes: Changeset, live: LiveArticle, other_id: str) -> str:
    """Merges the story of `live` and another one; returns the id of the story that remains.

    The story that was opened first remains, ties by lowest id. The other becomes an alias. `live`
    and the leads of the ended story move at once; its other articles follow as a task.
    """
    remaining, ended = sorted(
        (changes.stories.edit(live.story_id), changes.stories.edit(other_id)),
        key=lambda story: (story.opened, story.id),
    )
    _add_figures(changes, remaining, ended)
    lead = changes.stories.lead(ended.id)
    leads = [ended.published_lead, lead and lead[2]]
    first_ids = dict.fromkeys([live.article["id"], *filter(None, leads)])
    for article_id in first_ids:
        first = changes.articles.get(article_id)
        if first is not None and first.story_id == ended.id:
            changes.move_article(article_id, remaining.id)
            changes.articles_to_publish[article_id] = None
    changes.stories.put(StoryAlias(ended.id, merged_into=remaining.id))
    changes.stories_to_publish[ended.id] = None
    changes.tasks += [
        Task(TaskKind.RELATED, ended.id, remaining.id, extra=list(first_ids)),
        Task(TaskKind.MEMBERS, ended.id, remaining.id),
    ]
    return remaining.id


def end_story(changes: Changeset, story_id: str) -> None:
    """Removes the rows of a story without articles, and all aliases of it.

    Aliases for which the step has no space are deleted as a task.
    """
    changes.stories.remove(story_id)
    changes.take_dormant_lead(story_id)
    if not delete_aliases(changes, story_id):
        changes.tasks.append(Task(TaskKind.ALIASES, story_id))


def delete_aliases(changes: Changeset, story_id: str) -> bool:
    """Deletes the aliases of a story at any depth; False if the step is full before.

    An alias is deleted after those that name it, so that the others can still be found.
    """
    path = [(story_id, iter(changes.stories.aliases_of(story_id)))]
    while True:
        alias_id = next(path[-1][1], None)
        if alias_id is not None:
            path.append((alias_id, iter(changes.stories.aliases_of(alias_id))))
        elif len(path) == 1:
            return True
        elif changes.is_full:
            return False
        else:
            changes.stories.remove(path.pop()[0])


def _add_figures(changes: Changeset, story: LiveStory, ended: LiveStory) -> None:
    """Adds the article counts and the time span of an ended story to those of `story`."""
    story.article_count += ended.article_count
    story.first_at = min(story.first_at, ended.first_at)
    story.last_at = max(story.last_at, ended.last_at)
    changes.stories.add_earlier(story.id, ended.earlier)
