"""Stories: opening one, counting its articles, and merging two."""

from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.records.curated import Article


def join_story(changes: Changeset, live: LiveArticle) -> None:
    """Counts an article in its story, which is opened if it has no row."""
    if changes.stories.row(live.story_id) is None:
        story = LiveStory(live.story_id, live.sequence, live.event_at, live.event_at)
        changes.stories.put(story)
    story = changes.stories.edit(live.story_id)
    count_article(story, live.article, 1)
    story.first_at = min(story.first_at, live.event_at)
    story.last_at = max(story.last_at, live.event_at)


def count_article(story: LiveStory, article: Article, step: int) -> None:
    """Adds `step` (1 or -1) to the article count of a story and of the article's provider."""
    provider = article["provider"]
    story.article_count += step
    count = story.providers.get(provider["domain"], ("", 0))[1] + step
    if count > 0:
        story.providers[provider["domain"]] = (provider["name"], count)
    else:
        story.providers.pop(provider["domain"], None)


def merge_stories(changes: Changeset, story_id: str, other_id: str) -> str:
    """Merges two stories and publishes what changed; returns the id of the story that remains.

    The story that was opened first remains, ties by lowest id. The other becomes an alias.
    """
    remaining, ended = sorted(
        (changes.stories.edit(story_id), changes.stories.edit(other_id)),
        key=lambda story: (story.opened, story.id),
    )
    _add_figures(remaining, ended)
    for article_id in sorted(changes.stories.members(ended.id), key=changes.articles.sequence):
        changes.move_article(article_id, remaining.id)
        changes.articles_to_publish[article_id] = None
    changes.stories.put(StoryAlias(ended.id, merged_into=remaining.id))
    changes.stories_to_publish[ended.id] = None
    return remaining.id


def _add_figures(story: LiveStory, ended: LiveStory) -> None:
    """Adds the article counts and the time span of an ended story to those of `story`."""
    story.article_count += ended.article_count
    for domain, (name, count) in ended.providers.items():
        before = story.providers.get(domain, ("", 0))[1]
        story.providers[domain] = (name, before + count)
    story.first_at = min(story.first_at, ended.first_at)
    story.last_at = max(story.last_at, ended.last_at)
