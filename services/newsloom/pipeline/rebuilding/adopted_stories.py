"""The stories that lost articles belong to, in the lane that was curated anew.

In: the id of the story that a lost article's record names. Out: the story of the new lane that
counts the article. That is the story itself or the one it was merged into, if the new lane has it;
else that of its former lead; else the former story, which is dormant then.
"""

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.departed.pages import Departed
from newsloom.pipeline.lane.rows import LiveStory, StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.rebuilding.held import HeldRecords
from newsloom.rules.scoring import NOT_LEADING, is_published


class AdoptedStories:
    """Finds, opens and merges the stories of one rebuild."""

    def __init__(self, former: State, new: State, records: HeldRecords, threshold: int) -> None:
        self._former = former
        self._new = new
        self._records = records
        self._threshold = threshold

    def find(self, changes: Changeset, lost: Departed) -> LiveStory | None:
        """The row of the story that counts `lost`, None if its entry says all there is.

        The rows that are needed to find it by the id of its story are put.
        """
        path = [lost.story_id]
        while not self._has(changes, path[-1]) and path[-1] in self._former.aliases:
            path.append(self._former.aliases[path[-1]].merged_into)
        story_id = path.pop()
        if not self._has(changes, story_id) and not self._open(changes, story_id, lost):
            return None
        self.put_missing_row(changes, story_id)
        for alias_id in reversed(path):
            changes.stories.put(StoryAlias(alias_id, story_id))
            story_id = alias_id
        return changes.stories.resolve(story_id)

    def end(self, changes: Changeset, story_id: str) -> None:
        """Publishes what became of a former story of which the rebuild made no record.

        It is merged into the story of its former lead, or withdrawn if no article of it is left.
        What the former lane had forgotten stays as it is.
        """
        record = self._records.former("stories", story_id) or {}
        if "articleCount" not in record:
            return  # it was merged or withdrawn
        if self._has(changes, story_id):
            return
        if self._merge_into_that_of_lead(changes, story_id) or self._is_remembered(story_id):
            changes.stories_to_publish[story_id] = None

    def _has(self, changes: Changeset, story_id: str) -> bool:
        return changes.stories.row(story_id) is not None or self._opener(story_id) is not None

    def _opener(self, story_id: str) -> Departed | None:
        """The only article of a dormant story, which needs no row; None for other stories."""
        return _opener(self._new, story_id)

    def _is_remembered(self, story_id: str) -> bool:
        return self._former.has_story(story_id) or _opener(self._former, story_id) is not None

    def _open(self, changes: Changeset, story_id: str, lost: Departed) -> bool:
        """Puts the row of a former story that the new lane lacks. False: it needs none."""
        if self._merge_into_that_of_lead(changes, story_id):
            changes.stories_to_publish[story_id] = None
            return True
        former = self._former.story(story_id)
        if former is None:
            return False
        assert isinstance(former, LiveStory), f"story {story_id} is merged"
        self._put_dormant(changes, former, lost.event_at)
        return True

    def _merge_into_that_of_lead(self, changes: Changeset, story_id: str) -> bool:
        lead_id = self._former_lead(story_id)
        joined_id = self._story_of(changes, lead_id) if lead_id is not None else None
        if joined_id is None or joined_id == story_id:
            return False
        self.put_missing_row(changes, joined_id)
        changes.stories.put(StoryAlias(story_id, joined_id))
        return True

    def _former_lead(self, story_id: str) -> str | None:
        row = self._former.story(story_id)
        if isinstance(row, LiveStory):
            return row.published_lead
        record = self._records.former("stories", story_id)
        lead_id: str | None = record.get("lead") if record is not None else None
        return lead_id

    def _story_of(self, changes: Changeset, article_id: str) -> str | None:
        """The id of the story that an article has in the new lane; None if it has none."""
        live = self._new.articles.get(article_id)
        if live is not None:
            return changes.stories.current_id(live.story_id)
        found = self._new.departed.find(article_id)
        if found is None or not found[1].story_id:
            return None
        return changes.stories.current_id(found[1].story_id)

    def put_missing_row(self, changes: Changeset, story_id: str) -> None:
        """Puts the row of a dormant story that has had none, because other articles join it."""
        opener = self._opener(story_id)
        if changes.stories.row(story_id) is not None or opener is None:
            return
        story = LiveStory(story_id, 0, opener.event_at, opener.event_at)
        record = self._records.new("stories", story_id) or {}
        story.published_lead, story.published_count = story_id, 1
        story.heat, story.locale = record.get("heat", NOT_LEADING), record.get("locale", "und")
        story.was_published = is_published(story.heat, self._threshold)
        changes.stories.put(story)
        # The entry of the opener is added again, because only now it is counted in a row.
        changes.departed.drop(story_id)
        changes.departed.add(opener, changes.clock)
        changes.stories.depart(story_id)
        changes.stories.count(story_id, (opener.name, opener.domain), opener.event_at, 1)

    def _put_dormant(self, changes: Changeset, former: LiveStory, event_at: int) -> None:
        """Puts the row of a former story whose articles have all departed, without its articles."""
        story = LiveStory(former.id, 0, event_at, event_at)
        if former.all_providers is None and former.earlier:
            story.earlier, story.first_at = dict(former.earlier), former.first_at
            story.article_count = sum(count for _, count in former.earlier.values())
        story.published_count, story.locale = former.published_count, former.locale
        story.was_published = former.was_published
        lead_id = former.published_lead
        found = self._new.departed.find(lead_id) if lead_id is not None else None
        if lead_id is not None and not (found is not None and found[1].is_withdrawn):
            story.published_lead, story.heat = lead_id, former.heat
            self._keep_lead(changes, former.id, lead_id)
        changes.stories.put(story)

    def _keep_lead(self, changes: Changeset, story_id: str, lead_id: str) -> None:
        if lead_id != story_id or self._former.aliases_of.get(story_id):
            lead = self._former.articles.get(lead_id) or self._former.dormant.lead(story_id)
            if lead is not None:
                changes.dormant_leads[story_id] = lead


def _opener(state: State, story_id: str) -> Departed | None:
    """The only article of a dormant story without a row."""
    found = None if state.has_story(story_id) else state.departed.find(story_id)
    return found[1] if found is not None and found[1].story_id == story_id else None
