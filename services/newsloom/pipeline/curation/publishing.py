"""Publishing: which articles and stories a changeset publishes in addition to its arrival."""

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.rules.scoring import has_grown, is_published, lead_heat


def mark_root_if_grown(changes: Changeset, live: LiveArticle) -> None:
    """Publishes the root of a duplicate if its copies have grown by a tenth since its record."""
    if live.duplicate_of is None:
        return
    root = changes.articles.get(live.duplicate_of)
    if root is None:
        return
    if has_grown(changes.articles.copy_count(live.duplicate_of), root.published_duplicates):
        changes.articles_to_publish[live.duplicate_of] = None


def mark_lead_if_due(changes: Changeset, story_id: str, policy: Policy, is_due: bool) -> None:
    """Publishes the lead of a story if its record is out of date, or if `is_due`.

    It is out of date when the story has another lead, has grown by a tenth, or crosses the publish
    threshold. A former lead is published too.
    """
    lead = changes.stories.lead(story_id)
    assert lead is not None, f"story {story_id} has no live article"
    story = changes.stories.edit(story_id)
    heat = lead_heat(-lead[0], changes.stories.provider_count(story_id))
    if story.published_lead != lead[2]:
        is_due = True
        changes.mark_if_live(story.published_lead)
    if (
        is_due
        or lead[2] in changes.articles_to_publish
        or has_grown(story.article_count, story.published_count)
        or is_published(heat, policy.publish_threshold) != story.was_published
    ):
        changes.articles_to_publish[lead[2]] = None


def mark_stories_of_marked_leads(changes: Changeset) -> None:
    """Publishes the story of every lead that is published."""
    for article_id in changes.articles_to_publish:
        live = changes.articles.get(article_id)
        if live is not None:
            story_id = changes.stories.current_id(live.story_id)
            lead = changes.stories.lead(story_id)
            if lead is not None and lead[2] == article_id:
                changes.stories_to_publish[story_id] = None
