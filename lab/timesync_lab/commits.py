# SPDX-License-Identifier: BSD-3-Clause
"""Commit wait: transactions at several nodes, in order by their stamps without any message."""

import asyncio
import time

from bounded_time import NoLibrary

from .recording import Rounds, Value
from .world import Failed

PUBLISHED_WITHIN = 20  # s, after the start of the measurement
SHORTEST_SLEEP = 0.0001


class Committer:
    """Has pairs of nodes commit, one right after the other.

    A stamp is the latest time that it can be now. The node that has taken it waits until that time
    is past for everybody. Besides, both clocks are read one right after the other, as one would do
    without bounds.
    """

    def __init__(self, world, recording, claims, spec):
        self.world, self.recording, self.spec = world, recording, spec
        self.rounds = recording.rounds.setdefault(spec.name, Rounds())
        self._claims, self._pages = claims, {}

    async def open(self, name):
        """The page of a node's clock, as soon as its tracker has published something."""
        deadline = self.world.now() + PUBLISHED_WITHIN
        while True:
            try:
                page = self._claims.page(self.world.members[name].path)
            except NoLibrary as error:
                raise Failed(f"{self.spec.name}: {error}") from None
            if page and page.now()[0] != "unknown":
                return page
            if self.world.now() > deadline:
                raise Failed(f"{self.spec.name}: nobody publishes the bound of the clock of {name}: "
                             "it needs a [[measure]] with verb = \"track\"")
            await asyncio.sleep(0.1)

    def reading(self, name):
        """What a node's clock shows, in ns."""
        line, real = self.world.members[name].clock.line(), time.time_ns()
        return real + line.error(real)

    async def commit(self, first, second):
        """A commit at the first node and, when that is through, one at the second."""
        naive = -self.reading(first) + self.reading(second)
        state, now = self._pages[first].now()
        if state == "unknown":
            self.rounds.failed += 1
            return
        stamp, width, begun = now.latest, now.latest - now.earliest, time.monotonic()
        while now.earliest <= stamp:
            await asyncio.sleep(max(SHORTEST_SLEEP, (stamp - now.earliest) / 1e9))
            state, now = self._pages[first].now()
        waited, past = time.monotonic() - begun, time.time_ns() > stamp
        state, after = self._pages[second].now()
        if state == "unknown":
            self.rounds.failed += 1
            return
        self.recording.values.append(Value(
            at=self.world.now(), series=self.spec.name, kind="commit" if past else "early commit",
            method=f"{first} then {second}", delay=waited, offset=(after.latest - stamp) / 1e9,
            error=naive / 1e9, bound=width / 2e9))

    async def run(self):
        """All of them, at a steady pace."""
        await asyncio.sleep(max(0, self.spec.start - self.world.now()))
        nodes = self.spec.nodes
        for name in nodes:
            self._pages[name] = await self.open(name)
        due = self.world.now()
        for turn in range(self.spec.count):
            await asyncio.sleep(max(0, due - self.world.now()))
            await self.commit(nodes[turn % len(nodes)], nodes[(turn + 1) % len(nodes)])
            due = max(due + self.spec.every, self.world.now())
