"""Departing: articles leave the window, and are remembered; the oldest of them are forgotten.

Leaving publishes nothing, unless a lead leaves a story that has other live articles: then it is
published without heat, and with it the new lead and the story. A lane of form 1 forgets articles at
once, so a story ends with its last live article.
"""

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.curation.publishing import mark_lead_if_due
from newsloom.pipeline.curation.stories import end_story, provider_of
from newsloom.pipeline.lane.departed.pages import Departed
from newsloom.pipeline.lane.rows import LiveArticle, LiveStory, StoryAlias
from newsloom.rules.scoring import NOT_LEADING
from newsloom.rules.stories import REMEMBER_CAP, REMEMBER_S

MAX_EXPIRED_WITH_INPUT = 50
"""When more articles have left the window, they leave in steps of their own."""


def expire(changes: Changeset, policy: Policy) -> bool:
    """Removes the articles that have left the window, and forgets those that left long ago.

    Returns whether the step may go on to place an article: they have all left, and were few.
    """
    due = _leads_last(changes, changes.state.due(changes.clock, changes.max_step))
    stories: dict[str, None] = {}
    departed = 0
    # A lead that leaves may be published, with its successor and the story.
    while departed < len(due) and changes.room > len(changes.articles.leaving):
        stories[depart(changes, changes.articles[due[departed]])] = None
        departed += 1
    for story_id in stories:
        settle_story(changes, story_id, policy)
    forget(changes)
    return departed == len(due) <= MAX_EXPIRED_WITH_INPUT and not changes.is_full


def _leads_last(changes: Changeset, due: list[str]) -> list[str]:
    """The articles that are due, the lead of a story after its other articles that are due.

    Else each of these would lead the story in turn, and be published.
    """
    if len(due) == 1:
        return due
    stories, leaves_at = changes.state.stories, changes.state.articles.leaves_at
    order: dict[str, None] = {}
    for article_id in due:
        story_id = changes.state.story_id(article_id)
        story = changes.stories.row(story_id)
        if isinstance(story, LiveStory) and story.published_lead == article_id:
            members = sorted(i for i in stories.members(story_id) if leaves_at(i) <= changes.clock)
            order |= dict.fromkeys(i for i in members if i != article_id)
        order[article_id] = None
    return list(order)


def depart(changes: Changeset, live: LiveArticle) -> str:
    """Removes an article that left the window, and remembers it; returns the id of its story."""
    article_id, story_id = live.article["id"], live.story_id
    if changes.lane.remembers:
        changes.departed.add(as_departed(live), changes.clock)
        changes.stories.depart(story_id)
    else:
        changes.stories.forget(story_id, provider_of(live.article))
    if changes.stories.edit(story_id).published_lead == article_id:
        changes.articles.leaving[article_id] = live
    changes.remove_article(article_id)
    return story_id


def as_departed(live: LiveArticle) -> Departed:
    """What is remembered of an article that leaves the window."""
    name, domain = provider_of(live.article)
    root = live.duplicate_of or ""
    article_id, version, event_at = live.article["id"], live.version, live.event_at
    return Departed(article_id, version, event_at, live.story_id, name, domain, live.address, root)


def withdraw_live(changes: Changeset, live: LiveArticle) -> None:
    """Removes a withdrawn article, and remembers that it was withdrawn."""
    departed = Departed(live.article["id"], live.version, live.event_at, "", is_withdrawn=True)
    if changes.lane.remembers:
        changes.departed.add(departed._replace(address=live.address), changes.clock)
    changes.remove_article(live.article["id"])
    provider = provider_of(live.article)
    changes.stories.count(live.story_id, provider, live.event_at, -1)


def withdraw_departed(changes: Changeset, departed: Departed) -> str:
    """Remembers of a departed article that it was withdrawn, and takes it from its story.

    Returns the id of the story, which has no row if the article was alone in it.
    """
    story = leave_departed(changes, departed)
    withdrawn = departed._replace(story_id="", name="", domain="", root="", is_withdrawn=True)
    changes.departed.add(withdrawn, changes.clock)
    return departed.story_id if story is None else story.id


def leave_departed(changes: Changeset, departed: Departed) -> LiveStory | None:
    """Drops a departed article, and takes it from its story.

    Returns the row of the story, None if the article was alone in it.
    """
    changes.departed.drop(departed.id)
    story = changes.stories.resolve(departed.story_id) if departed.story_id else None
    if story is None:
        return None
    changes.stories.depart(departed.story_id, -1)
    provider = departed.name, departed.domain
    changes.stories.count(story.id, provider, departed.event_at, -1)
    return changes.stories.edit(story.id)


def forget(changes: Changeset) -> None:
    """Forgets the oldest page of departed articles, if it is due."""
    oldest = changes.state.departed.oldest_page()
    if oldest is None or oldest[0] in changes.departed.pages:
        return
    number, last_at = oldest
    is_over = changes.state.departed.count > REMEMBER_CAP
    if last_at + REMEMBER_S > changes.clock and not is_over:
        return
    stories: dict[str, None] = {}
    for departed in changes.departed.forget_page(number):
        story = changes.stories.resolve(departed.story_id) if departed.story_id else None
        if story is not None:
            changes.stories.depart(departed.story_id, -1)
            changes.stories.forget(story.id, (departed.name, departed.domain))
            stories[story.id] = None
    for story_id in stories:
        if not changes.stories.has_members(story_id):
            end_story(changes, story_id)


def settle_story(changes: Changeset, story_id: str, policy: Policy) -> None:
    """Publishes what a story needs when articles left it, or makes it dormant."""
    stories, story = changes.stories, changes.stories.edit(story_id)
    if not stories.is_empty(story_id):
        lead_id = story.published_lead
        if lead_id in changes.articles.leaving:
            changes.articles_to_publish[lead_id] = None
            mark_lead_if_due(changes, story_id, policy, is_due=True)
        return
    is_led_by_opener = story.published_lead == story_id and not stories.has_merged(story_id)
    if not changes.lane.remembers:
        end_story(changes, story_id)
    elif is_led_by_opener and story.article_count == 1:
        end_story(changes, story_id)  # the article's entry says all
    elif not is_led_by_opener and story.published_lead is not None:
        # An article whose id names the story may come back and lead it.
        changes.dormant_leads[story_id] = changes.articles.leaving[story.published_lead]


def come_back(changes: Changeset, departed: Departed) -> str | None:
    """Drops an article that comes back; returns the id of the story that it stays in.

    None if it is placed as a new article, which may join its former story again. It stays in a
    dormant story that has no other lead.
    """
    if departed.is_withdrawn:
        changes.departed.drop(departed.id)
        return None
    story = leave_departed(changes, departed)
    if story is None:
        changes.stories_left[departed.story_id] = departed.id, departed.id
        return None
    is_dormant = changes.stories.is_empty(story.id)
    if is_dormant and story.published_lead in (departed.id, None):
        return story.id
    changes.stories_left[story.id] = departed.id, departed.id
    return None


def leave_stories(changes: Changeset, policy: Policy) -> None:
    """Publishes the stories that articles left in this step, and those that they joined."""
    for story_id, (article_id, joined) in changes.stories_left.items():
        joined_id = changes.stories.current_id(joined)
        if changes.stories.current_id(story_id) != joined_id:
            leave_story(changes, story_id, article_id, policy, joined_id)
            mark_lead_if_due(changes, joined_id, policy, is_due=True)


def leave_story(
    changes: Changeset, story_id: str, article_id: str, policy: Policy, joined: str | None = None
) -> None:
    """Publishes a story that an article left.

    A story without articles is withdrawn, or merged into the one that the article `joined`.
    """
    stories, row = changes.stories, changes.stories.row(story_id)
    if row is None or (isinstance(row, LiveStory) and row.article_count == 0):
        end_story(changes, story_id)
        if joined is not None:
            stories.put(StoryAlias(story_id, merged_into=joined))
        changes.stories_to_publish[story_id] = None
    elif not stories.is_empty(story_id):
        mark_lead_if_due(changes, story_id, policy, is_due=True)
    else:
        story = stories.edit(story_id)
        if story.published_lead == article_id:
            story.published_lead, story.heat = None, NOT_LEADING
            changes.take_dormant_lead(story_id)
        changes.stories_to_publish[story_id] = None


def revive(changes: Changeset, live: LiveArticle) -> None:
    """Publishes the former lead of a dormant story, without heat, when an article joins it."""
    lead = changes.take_dormant_lead(live.story_id)
    if lead is not None and lead.article["id"] != live.article["id"]:
        changes.articles.leaving[lead.article["id"]] = lead
        changes.articles_to_publish[lead.article["id"]] = None
