# SPDX-License-Identifier: BSD-3-Clause
"""The record of an experiment: clocks against the truth, measurements, events."""

import asyncio
import bisect
import csv
import time
from dataclasses import dataclass, field

from .clockfile import corrects


@dataclass
class Adjustment:
    """A clock was adjusted: its error just before and after, in s."""

    at: float
    node: str
    before: float
    after: float
    corrects: bool  # it did not only end a slew, or change the drift
    exact: bool = True  # none between this one and the one before was missed

    @property
    def step(self):
        """By how much it jumped forward."""
        return self.after - self.before

    @property
    def stepped(self):
        """Whether it jumped, and did not only change its rate."""
        return abs(self.step) > (1e-6 if self.exact else 1e-3)


@dataclass
class Value:
    """A measurement, or one round of it; times in s, None where there is none."""

    at: float
    series: str
    kind: str  # "result" or "round"
    method: str = ""
    rtt: float | None = None
    delay: float | None = None
    offset: float | None = None
    error: float | None = None
    bound: float | None = None


@dataclass
class Done:
    """An event as it happened."""

    planned: float
    at: float
    what: str


@dataclass
class Rounds:
    """Calls of a series, and what became of them."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    failed: int = 0  # measurements without a result


@dataclass
class Recording:
    """All of it. Times are seconds since the start."""

    nodes: list
    ready: float = 0.0  # when all daemons served
    times: list = field(default_factory=list)
    wall: list = field(default_factory=list)    # of each sample, ns since 1970
    errors: dict = field(default_factory=dict)  # node -> list, beside times
    adjustments: list = field(default_factory=list)
    values: list = field(default_factory=list)
    rounds: dict = field(default_factory=dict)  # series -> Rounds
    claims: dict = field(default_factory=dict)  # node -> list of (time, bound)
    events: list = field(default_factory=list)
    histories: dict = field(default_factory=dict)
    messages: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    def forget(self, before):
        """Forget everything before a time."""
        n = bisect.bisect_left(self.times, before)
        for column in (self.times, self.wall, *self.errors.values()):
            del column[:n]
        for name in ("adjustments", "values"):
            kept = getattr(self, name)
            del kept[:next((i for i, v in enumerate(kept) if v.at >= before), len(kept))]
        for node, claimed in self.claims.items():
            self.claims[node] = [claim for claim in claimed if claim[0] >= before]

    def spread(self):
        """At each sample, how far the clocks of the nodes `among` are apart."""
        return self.spread_of(self.nodes)

    def spread_of(self, nodes):
        """The same of some nodes."""
        columns = [self.errors[n] for n in nodes]
        return [max(row) - min(row) for row in zip(*columns)]


class Sampler:
    """Reads all clocks at a steady pace."""

    def __init__(self, world, recording, every):
        self._world, self._recording, self._every = world, recording, every
        self._lines = {name: node.clock.line() for name, node in world.members.items()}
        for name in world.members:
            recording.errors[name] = []

    def sample(self):
        """One row. All clocks are compared with the same instant of the system clock."""
        now, real = self._world.now(), time.time_ns()
        self._recording.times.append(now)
        self._recording.wall.append(real)
        for name, node in self._world.members.items():
            self._recording.errors[name].append(node.clock.line().error(real) / 1e9)
            for after in node.clock.lines_since(self._lines[name]):
                self.note(name, self._lines[name], after, now - (real - after.base_real) / 1e9)
                self._lines[name] = after

    def note(self, name, before, after, at):
        """A clock was adjusted. Of one that was adjusted more often than it was read, a little more
        than the step is in the difference: what it has gained at the rates between.
        """
        real = after.base_real
        self._recording.adjustments.append(Adjustment(
            at, name, before.error(real) / 1e9, after.error(real) / 1e9, corrects(before, after),
            after.generation == before.generation + 1))

    async def run(self):
        """Sample until cancelled. Missed samples are not made up for."""
        turn = 0
        while True:
            self.sample()
            turn = max(turn + 1, int(self._world.now() / self._every) + 1)
            await asyncio.sleep(max(0, turn * self._every - self._world.now()))


# --- files ---

def leader_at(recording, at):
    """(leader, term) as those members say who lead, at a time; the latest term counts."""
    best = ("", 0)
    for name, history in recording.histories.items():
        last = next((h for h in reversed(history) if h[0] <= at), None)
        if last and last[1] == "running" and last[2] == name and last[3] >= best[1]:
            best = (name, last[3])
    return best


def write_samples(recording, path):
    """samples.csv: a row for each sample, a column for each clock."""
    grouped = bool(recording.histories)
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["time_s", "utc", *(f"{n}_error_s" for n in recording.nodes), "spread_s",
                      *(["leader", "term"] if grouped else [])])
        for i, (at, spread) in enumerate(zip(recording.times, recording.spread())):
            wall = recording.wall[i]
            utc = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall // 10**9))
            row = [f"{at:.3f}", f"{utc}.{wall % 10**9 // 10**6:03d}Z",
                   *(f"{recording.errors[n][i]:.9f}" for n in recording.nodes), f"{spread:.9f}"]
            if grouped:
                leader, term = leader_at(recording, at)
                row += [leader, term or ""]
            out.writerow(row)


def write_events(recording, path):
    """events.csv: each event as planned and as done."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["planned_s", "done_s", "what"])
        for event in recording.events:
            out.writerow([f"{event.planned:.3f}", f"{event.at:.3f}", event.what])


def write_adjustments(recording, path):
    """adjustments.csv: each adjustment of a clock, and by how much it jumped."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["time_s", "node", "error_before_s", "step_s"])
        for a in recording.adjustments:
            out.writerow([f"{a.at:.6f}", a.node, f"{a.before:.9f}", f"{a.step:.9f}"])


def write_values(recording, path):
    """measurements.csv: each measurement and round."""
    def number(value):
        return "" if value is None else f"{value:.9f}"

    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["time_s", "series", "kind", "method", "rtt_s", "delay_s", "offset_s",
                      "error_s", "bound_s"])
        for v in recording.values:
            out.writerow([f"{v.at:.6f}", v.series, v.kind, v.method,
                          *map(number, (v.rtt, v.delay, v.offset, v.error, v.bound))])


def write_all(recording, out):
    """All files of an experiment."""
    write_samples(recording, out / "samples.csv")
    write_events(recording, out / "events.csv")
    if recording.adjustments:
        write_adjustments(recording, out / "adjustments.csv")
    if recording.values:
        write_values(recording, out / "measurements.csv")
