"""Adopting: a lane that was curated anew takes over what its inputs no longer hold.

In: the former state, and the new one after all inputs. Out: steps that change the new one. An
article of which the inputs hold no version departs, so that it can still be withdrawn. A version or
a withdrawal that is newer than those in the inputs is kept. Nothing here reads an input.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from newsloom.pipeline.arrival import ArticleArrival, WithdrawalArrival
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.departing import as_departed, depart, settle_story
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.curation.publishing import mark_lead_if_due
from newsloom.pipeline.lane.departed.pages import Departed
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Enriched, Result
from newsloom.pipeline.rebuilding.adopted_stories import AdoptedStories
from newsloom.pipeline.rebuilding.held import HeldRecords, Kind
from newsloom.rules.clock import format_time
from newsloom.rules.scoring import NOT_LEADING

_PLACE = ("heat", "published", "revision", "storyId", "duplicateOf", "curatedDateTime")
"""The fields of a curated record that say how the article is placed."""
_OTHERS = ("related", "duplicates")
"""The fields that show other articles. A record that is not built by the lane lacks them."""


class Adoption:
    """Takes over from one former state. Take all steps of `take_over`, then those of `finish`.

    `records` must know all records of the steps before when `finish` is called.
    """

    def __init__(
        self,
        former: State,
        curator: Curator,
        policy: Policy,
        records: HeldRecords,
        outcomes: Mapping[str, int] | None = None,
    ) -> None:
        """`outcomes` are the counts of the lane in the end, by default those it has now."""
        self._former = former
        self._curator = curator
        self._new = curator.state
        self._policy = policy
        self._records = records
        self._stories = AdoptedStories(former, self._new, records, policy.publish_threshold)
        self._outcomes = dict(self._new.lane.outcomes if outcomes is None else outcomes)
        self._lost: list[Departed] = []
        self._alone: list[str] = []
        """Lost articles whose story needs no row, so that no step publishes it."""
        self._older: list[str] = []
        """Articles whose new record holds an older version than the former one."""

    @property
    def lost_ids(self) -> list[str]:
        """The articles that the inputs no longer hold, which are kept as departed."""
        return [lost.id for lost in self._lost]

    def take_over(self) -> Iterator[Result]:
        """The steps that complete the new state."""
        yield from self._take_clock()
        yield from self._take_live()
        for page in self._former.departed.pages():
            for departed in filter(None, page.articles):
                yield from self._take_departed(departed)
        self._lost.sort(key=lambda lost: (self._former.resolve(lost.story_id), lost.id))
        yield from self._adopt_lost()

    def finish(self) -> Iterator[Result]:
        """The steps that publish what became of former stories, and of articles kept as departed.

        They also take the outcomes of the steps before from the counts, which are of inputs.
        """
        for story_id in self._records.stories_without_new():
            changes = self._changeset()
            self._stories.end(changes, story_id)
            if changes.stories_to_publish:
                yield self._curator.take(changes)
        for lost in self._lost:
            yield from self._publish(self._correct_lost(lost))
        for article_id in self._older:
            yield from self._publish(self._with_former_content(article_id))
        for story_id in self._alone:
            if self._records.new("stories", story_id) is not None:  # withdrawn by the inputs
                yield from self._publish(self._records.former("stories", story_id), "stories")
        changes = self._changeset()
        changes.lane.outcomes = self._outcomes
        yield self._curator.take(changes)

    def _changeset(self) -> Changeset:
        return Changeset(self._new, None)

    def _take_clock(self) -> Iterator[Result]:
        """Takes over the clock if the inputs that moved it are lost: it never goes back."""
        former, changes = self._former.lane, self._changeset()
        if (former.clock or 0) > changes.clock:
            changes.lane.clock, changes.lane.witnesses = former.clock, list(former.witnesses)
            yield self._curator.take(changes)

    def _take_live(self) -> Iterator[Result]:
        for article_id, live in self._former.articles.items():
            known = self._find(article_id)
            if known is None:
                self._lost.append(as_departed(live))
            elif known.version < live.version:
                yield from self._curator.curate(Enriched(_arrival(live)))

    def _find(self, article_id: str) -> LiveArticle | Departed | None:
        live = self._new.articles.get(article_id)
        if live is not None:
            return live
        found = self._new.departed.find(article_id)
        return found[1] if found is not None else None

    def _take_departed(self, former: Departed) -> Iterator[Result]:
        known = self._find(former.id)
        if former.is_withdrawn:
            yield from self._take_withdrawn(former, known)
        elif known is None:
            self._lost.append(former)
        elif known.version < former.version:
            if isinstance(known, Departed) and known.is_withdrawn:
                self._lost.append(former)  # the version that came after the withdrawal is lost
                return
            self._older.append(former.id)
            yield from self._depart(former, known)

    def _take_withdrawn(
        self, former: Departed, known: LiveArticle | Departed | None
    ) -> Iterator[Result]:
        if known is None:
            changes = self._changeset()
            changes.departed.add(former, changes.clock)
            yield self._curator.take(changes)
        elif known.version <= former.version:
            arrival = WithdrawalArrival((former.id,), False, moved_version=former.version)
            yield from self._curator.curate(Enriched(arrival))
            yield from self._raise_version(former)

    def _depart(self, former: Departed, known: LiveArticle | Departed) -> Iterator[Result]:
        """Has an article depart, of which the lane knows only that there was a newer version."""
        if isinstance(known, LiveArticle):
            changes = self._changeset()
            story_id = depart(changes, changes.articles.edit(former.id))
            settle_story(changes, story_id, self._policy)
            yield self._curator.take(changes)
        changes = self._changeset()
        story_id = self._new.resolve(self._entry(former.id).story_id)
        self._stories.put_missing_row(changes, story_id)
        yield self._curator.take(changes)
        changes = self._changeset()
        self._replace_entry(changes, former, story_id)
        yield self._curator.take(changes)

    def _replace_entry(self, changes: Changeset, former: Departed, story_id: str) -> None:
        """Gives a departed article the version, the time and the provider of its former entry."""
        entry = self._entry(former.id)
        changes.departed.drop(former.id)
        changes.departed.add(
            former._replace(story_id=entry.story_id, root=entry.root), changes.clock
        )
        changes.stories.count(story_id, (entry.name, entry.domain), entry.event_at, -1)
        changes.stories.count(story_id, (former.name, former.domain), former.event_at, 1)
        story, record = changes.stories.edit(story_id), self._records.former("curated", former.id)
        if story.published_lead == former.id and record is not None:
            story.locale = record.get("locale", story.locale)
        self._mark_story(changes, story_id)

    def _raise_version(self, former: Departed) -> Iterator[Result]:
        """Gives a withdrawn article the version that was withdrawn in the former lane."""
        entry = self._entry(former.id)
        if entry.version < former.version:
            changes = self._changeset()
            changes.departed.drop(former.id)
            changes.departed.add(entry._replace(version=former.version), changes.clock)
            yield self._curator.take(changes)

    def _entry(self, article_id: str) -> Departed:
        found = self._new.departed.find(article_id)
        assert found is not None, f"{article_id} has not departed"
        return found[1]

    def _adopt_lost(self) -> Iterator[Result]:
        changes = self._changeset()
        for lost in self._lost:
            if changes.is_full:
                yield self._curator.take(changes)
                changes = self._changeset()
            self._adopt(changes, lost)
        yield self._curator.take(changes)

    def _adopt(self, changes: Changeset, lost: Departed) -> None:
        story = self._stories.find(changes, lost)
        if changes.departed.find(lost.id) is not None:
            changes.departed.drop(lost.id)
        changes.departed.add(lost, changes.clock)
        changes.stories.depart(lost.story_id)
        if story is None:
            self._alone.append(lost.id)
            return
        changes.stories.count(story.id, (lost.name, lost.domain), lost.event_at, 1)
        self._mark_story(changes, story.id)

    def _mark_story(self, changes: Changeset, story_id: str) -> None:
        if changes.stories.is_empty(story_id):
            changes.stories_to_publish[story_id] = None
        else:
            mark_lead_if_due(changes, story_id, self._policy, is_due=True)

    def _correct_lost(self, lost: Departed) -> dict[str, Any] | None:
        """The record of an article kept as departed, if the one that is held is wrong."""
        record = self._records.former("curated", lost.id)
        if record is None or record.get("withdrawn"):
            return None
        corrected = dict(record)
        if record["heat"] != NOT_LEADING and not self._leads(lost):
            corrected |= {"heat": NOT_LEADING, "published": False}
        root = self._root_of(lost.root) if lost.root else ""
        if root:
            corrected["duplicateOf"] = root
        is_withdrawn_anew = self._records.new("curated", lost.id) is not None
        return corrected if corrected != record or is_withdrawn_anew else None

    def _leads(self, lost: Departed) -> bool:
        row = self._new.story(self._new.resolve(lost.story_id))
        return row.published_lead == lost.id if isinstance(row, LiveStory) else True

    def _root_of(self, article_id: str) -> str:
        """The root of which an article is a duplicate in the new lane; empty if it is none."""
        known = self._find(article_id)
        if known is None:
            return ""
        return (known.duplicate_of if isinstance(known, LiveArticle) else known.root) or ""

    def _with_former_content(self, article_id: str) -> dict[str, Any] | None:
        """The newer version of the former record, placed as the lane has placed the article."""
        former = self._records.former("curated", article_id)
        new = self._records.new("curated", article_id)
        if former is None or new is None or new.get("withdrawn") or former.get("withdrawn"):
            return None
        kept = {name: value for name, value in former.items() if name not in _PLACE}
        return {
            name: {**new, **kept}[name] for name in {**former, **new} if name in new or name in kept
        }

    def _publish(self, record: dict[str, Any] | None, kind: Kind = "curated") -> Iterator[Result]:
        """The step that publishes a record which the lane cannot build, with the next revision."""
        if record is None:
            return
        changes = self._changeset()
        record = {name: value for name, value in record.items() if name not in _OTHERS}
        record["revision"] = changes.next_revision()
        if kind == "curated":
            record["curatedDateTime"] = format_time(changes.clock)
        result = self._curator.take(changes)
        publications = (Publication(record["id"], orjson.dumps(record)),)
        if kind == "curated":
            yield result._replace(curated=publications)
        else:
            yield result._replace(stories=publications)


def _arrival(live: LiveArticle) -> ArticleArrival:
    """A version that only the former lane holds, as it arrived there."""
    return ArticleArrival(
        article=live.article,
        published_at=live.event_at,
        version=live.version,
        arrived_at=max(live.event_at, live.version),
        digest=live.digest,
        vector=live.vector,
        title_terms=live.title_terms,
        image_checks=live.image_checks or None,
        address=live.address,
    )
