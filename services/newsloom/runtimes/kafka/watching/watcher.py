"""Watches the brokers beside a worker, and tells what the worker waits for.

In: what the worker knows, and a view of the brokers every two seconds. Out: the cause that has
lasted, in the log, in metrics and in `/readyz`; lags; an error when the topics have become others.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn, Protocol

from newsloom.adapters.failures import OutageError
from newsloom.observability.logs import fields
from newsloom.observability.waiting import WaitReason
from newsloom.runtimes.kafka.clients.connection import ConnectionOutageError
from newsloom.runtimes.kafka.watching.causes import (
    Cause,
    Lasting,
    Needs,
    Progress,
    View,
    find_causes,
)
from newsloom.runtimes.kafka.watching.observer import Observer

EVERY_S = 2.0
START_EVERY_S = 0.5
PATIENCE_S = 10.0
"""How long a cause lasts until it is told: within 15 s, and longer than an ordinary failover."""
START_PATIENCE_S = 2.0
"""The patience before the worker has joined its group: there is nothing yet to fail over."""
REPEAT_S = 60.0
"""How often the log repeats a cause that still lasts."""
NEEDED_TO_START = frozenset(
    {
        WaitReason.NO_BROKER,
        WaitReason.NOT_AUTHORIZED,
        WaitReason.NO_TOPIC,
        WaitReason.NO_COORDINATOR,
        WaitReason.TOO_FEW_REPLICAS,
    }
)
"""A worker that starts in spite of these fails at once, or after a minute, again and again."""

log = logging.getLogger(__name__)


class WaitReport(Protocol):
    """Receives what the worker waits for."""

    def note_waiting(self, reason: WaitReason | None, text: str) -> None:
        """What the worker waits for; None if for nothing."""


class Report(WaitReport, Protocol):
    """Receives what the watcher finds."""

    def note_lags(self, lags: Mapping[int, int], held: Mapping[int, int]) -> None:
        """The number of waiting records by partition, and of those behind an open transaction."""

    def note_lags_unknown(self) -> None:
        """No broker says how many records wait."""


class TopicChangedError(OutageError):
    """A topic was deleted and created again while the worker used it."""


class Watcher:
    """Watches for one worker, in its event loop."""

    def __init__(
        self,
        needs: Needs,
        ask_worker: Callable[[], Awaitable[Progress]],
        report: Report,
        check_topics: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`check_topics` raises OutageError if the topics are not as the worker needs them."""
        self._needs = needs
        self._ask_worker = ask_worker
        self._report = report
        self._check_topics = check_topics
        self._clock = clock
        self._observer = Observer(needs)
        self._teller = Teller(needs.group, report, clock)
        self._ids: dict[str, bytes] = {}
        self._counts: dict[str, int] = {}

    async def await_start(self) -> None:
        """Returns when Kafka has what a worker needs to start, as it needs it."""
        lasting = Lasting(START_PATIENCE_S)
        while True:
            looked_at = self._clock()
            _, causes = await self._look()
            causes = [cause for cause in causes if cause.reason in NEEDED_TO_START]
            causes = causes or await self._find_wrong_topics()
            self._teller.tell(lasting.first(causes, looked_at, self._clock()))
            if not causes:
                return
            await asyncio.sleep(START_EVERY_S)

    async def _find_wrong_topics(self) -> list[Cause]:
        try:
            await self._check_topics()
        except ConnectionOutageError as error:
            return [Cause(WaitReason.NO_BROKER, str(error))]
        except OutageError as error:
            return [Cause(WaitReason.WRONG_TOPICS, str(error))]
        return []

    async def run(self) -> NoReturn:
        """Watches for ever. Raises OutageError when the topics have become others."""
        lasting = Lasting(PATIENCE_S)
        while True:
            looked_at = self._clock()
            view, causes = await self._look()
            await self._compare_topics(view)
            self._teller.tell(lasting.first(causes, looked_at, self._clock()))
            await asyncio.sleep(EVERY_S)

    async def close(self) -> None:
        """Closes the connections."""
        await self._observer.close()

    async def _look(self) -> tuple[View, list[Cause]]:
        progress = await self._ask_worker()
        view = await self._observer.look(progress)
        after = await self._ask_worker()  # it may have gone on meanwhile
        self._report_lags(view, after)
        return view, find_causes(self._needs, after, view)

    def _report_lags(self, view: View, progress: Progress) -> None:
        if not view.answered:
            self._report.note_lags_unknown()
            return
        read_to = progress.read_to
        ends = {number: ends for number, ends in view.ends.items() if number in read_to}
        lags = {n: max(0, end.stable - read_to[n]) for n, end in ends.items()}
        held = {n: max(0, end.high - end.stable) for n, end in ends.items()}
        self._report.note_lags(lags, held)

    async def _compare_topics(self, view: View) -> None:
        """Notices a topic that was created again, or that has another number of partitions."""
        counts = {name: len(view.topics[name].partitions) for name in view.topics}
        for name in self._needs.access:
            if name not in view.topics:
                continue
            ident = view.topics[name].id
            if self._ids.setdefault(name, ident) != ident:
                raise TopicChangedError(
                    f"the topic {name} was deleted and created again: the worker starts anew, "
                    "because what it knows about it is void"
                )
        if any(self._counts.get(name, count) != count for name, count in counts.items()):
            try:
                await self._check_topics()
            except ConnectionOutageError as error:
                log.info("%s", error)
                return  # the next look compares again
        self._counts |= counts


class Teller:
    """Tells the cause: at once when it changes, and then once a minute."""

    def __init__(self, group: str, report: WaitReport, clock: Callable[[], float]) -> None:
        self._group = group
        self._report = report
        self._clock = clock
        self._is_logged = False
        self._logged_at: dict[WaitReason, float] = {}

    def tell(self, cause: Cause | None) -> None:
        """Reports the present cause; None if the worker waits for nothing."""
        now = self._clock()
        if cause is None:
            self._report.note_waiting(None, "")
            if self._is_logged:
                log.warning("worker %s goes on", self._group)
                self._is_logged = False
            return
        self._report.note_waiting(cause.reason, cause.text)
        if now - self._logged_at.get(cause.reason, -REPEAT_S) >= REPEAT_S:
            self._logged_at[cause.reason], self._is_logged = now, True
            reason = fields(reason=cause.reason.value)
            log.warning("worker %s waits: %s", self._group, cause.text, extra=reason)
