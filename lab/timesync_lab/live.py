# SPDX-License-Identifier: BSD-3-Clause
"""An experiment that somebody conducts by hand, on a page that shows it while it runs."""

import asyncio
import json
import os
import re
import time
from bisect import bisect_right
from pathlib import Path

from . import programs, units
from .experiment import Experiment
from .links import Refused
from .recording import Done
from .scenario import deed
from .table import Bad, Table, text
from .web import Site, Wrong
from .world import Failed

PACKAGE = Path(__file__).parent
KEPT_S = 900         # for how long samples are kept when no report is to be written
SHOWN_S = 300        # as much of them a page gets that has none yet
ASK_EVERY_S = 2.0    # all methods, as long as a page looks
VIEW_EVERY_S = 1.0
LOOKS_FOR_S = 3.0    # a page that has not asked for so long is gone
DEED_WITHIN_S = 60
SAME_WITHIN_S = 2.0  # a link that is set again within that was being dragged
RULE = re.compile(r"(?:normal:)?([\d.]+[a-z]*)(?:(,|\.\.)([\d.]+[a-z]*))?")


def middle_and_jitter(delay):
    """A delay such as "5ms", "1ms..5ms" or "normal:2ms,500us" in s; None for others."""
    found = RULE.fullmatch(delay)
    if not found:
        return None
    first, second = units.duration(found[1]), units.duration(found[3] or "0s")
    if found[2] == "..":
        return (first + second) / 2, (second - first) / 2
    return first, second


def way(rules, parted):
    """One way of a link, for the page."""
    found = middle_and_jitter(rules["delay"])
    return {**rules, "parted": parted, "delay": found[0] if found else None,
            "jitter": found[1] if found else None,
            "other": "" if found else rules["delay"].split("/")[-1]}


class Questions:
    """What the page wants to have asked: all methods, of one clock to another."""

    def __init__(self, world, recording):
        self._world, self._recording = world, recording
        self.client = self.server = ""
        self.last = None
        self.changed = asyncio.Event()
        measures = world.scenario.measures
        servers = [n.name for n in world.scenario.nodes if n.role != "client"]
        first = next((m for m in measures if m.node and m.servers and m.node != m.servers[0]),
                     None)
        if first:
            self.client, self.server = first.node, first.servers[0]
        elif len(world.scenario.nodes) > 1 and servers:
            self.server = servers[0]
            self.client = next(n.name for n in world.scenario.nodes if n.name != self.server)

    def choose(self, client, server):
        """Ask for another pair from now on."""
        members = self._world.members
        if client not in members or server not in members or client == server:
            raise Wrong("choose a clock, and another one that serves the time")
        if members[server].spec.role == "client":
            raise Wrong(f"{server} is a client, which serves no time")
        self.client, self.server, self.last = client, server, None
        self.changed.set()

    async def ask(self):
        """timesync compare, through the relay of the pair."""
        client, server = self.client, self.server
        truth = Truth(self._world, self._recording, client, server)
        address = await self._world.client_address(client, server, "udp", False)
        _, out, err = await self._world.starter.run(
            programs.ours("timesync"), "compare", "--json", "--rounds", "8", "--timeout", "250ms",
            "--clock", self._world.members[client].path,
            "--truth", self._world.members[server].path, address)
        try:
            said = json.loads(out)
        except ValueError:
            said = {"error": err.strip() or "timesync compare has printed nothing"}
        corrected = truth.judge(said)
        if (client, server) == (self.client, self.server):
            why = re.sub(r"^[\d.]+: ", "", said.get("error", "")).replace(address, server)
            self.last = {"at": self._world.now(), "error": why,
                         "true_offset_s": said.get("true_offset_s"), "corrected": corrected,
                         "rounds": said.get("rounds"), "methods": said.get("methods", [])}


class Truth:
    """What the offset of two clocks was from now on until `judge` is called."""

    def __init__(self, world, recording, client, server):
        self._world, self._recording = world, recording
        self._client, self._server = client, server
        self._start, self._first = world.now(), self.offset()

    def offset(self):
        """As it is now, in s."""
        real = time.time_ns()
        client, server = (self._world.members[n].clock.line().error(real)
                          for n in (self._client, self._server))
        return (server - client) / 1e9

    def judge(self, said):
        """Complete what compare has said if it could not, as a clock was corrected meanwhile. Whether
        that was so. A method is right then if the offset was within its bound at some time.
        """
        if said.get("true_offset_s") is not None or "methods" not in said:
            return False
        r, end = self._recording, self.offset()
        seen = [s - c for s, c in zip(*(r.errors[n][bisect_right(r.times, self._start):]
                                        for n in (self._server, self._client)))]
        seen += [self._first, end]
        said["true_offset_s"] = end
        for m in said["methods"]:
            if "offset_s" in m:
                low, high = m["offset_s"] - m["max_error_s"], m["offset_s"] + m["max_error_s"]
                m["true_error_s"] = m["offset_s"] - end
                m["within_bound"] = low <= max(seen) and min(seen) <= high
        return True


class Live(Experiment):
    """The experiment, and the page's view of it."""

    def __init__(self, scenario, directory, port, record):
        super().__init__(scenario, directory, quiet=True)
        self._record = record
        self._ended, self._turn = asyncio.Event(), asyncio.Lock()
        self._seen, self._leads, self._view = 0.0, [], {}
        self._last_link = None
        self._loop = self._questions = None
        files = [PACKAGE / "colours.css", *sorted((PACKAGE / "page").iterdir())]
        try:
            self._site = Site(
                files, {"about": self.in_loop(self.about), "state": self.in_loop(self.state)},
                {"do": self.in_loop(self.do), "ask": self.in_loop(self.choose),
                 "end": self.in_loop(self.finish)}, port)
        except OSError as error:
            raise Failed(f"port {port} of 127.0.0.1: {error.strerror}; choose another one by "
                         "--port, or none") from None

    # --- what goes on ---

    async def end(self):
        """Wait until somebody ends it."""
        await self._ended.wait()

    def work(self):
        """The page, and what it needs; the scenario's measurements, but not its events."""
        self._loop, self._questions = asyncio.get_running_loop(), Questions(
            self.world, self.recording)
        return [self.serve(), self.follow_leader(), self.follow_claims(), self.follow_view(),
                self.ask(),
                *(self.measure(m) for m in self.scenario.measures)]

    async def serve(self):
        """Serve the page until cancelled."""
        self._site.start()
        print(f"Open {self._site.address}\nCtrl-C here, or the button there, ends it.", flush=True)
        try:
            await asyncio.Event().wait()
        finally:
            self._site.stop()

    def in_loop(self, function):
        """The same function for the threads of the server."""
        def call(content):
            task = asyncio.run_coroutine_threadsafe(function(content), self._loop)
            try:
                return task.result(DEED_WITHIN_S)
            except TimeoutError:
                raise Wrong(f"it is still going on after {DEED_WITHIN_S} s; the page will show when "
                            "it is done") from None
        return call

    async def follow_leader(self):
        """Note who leads, and forget what nobody wants to see any more."""
        while True:
            leader = self.world.leader() if self.scenario.group else None
            now = (leader or "", self.world.members[leader].term if leader else 0)
            if not self._leads or tuple(self._leads[-1][1:]) != now:
                self._leads.append([self.now(), *now])
            if not self._record:
                self.recording.forget(self.now() - KEPT_S)
            await asyncio.sleep(0.1)

    async def measure(self, spec):
        """A measurement of the scenario; when it fails, it goes on."""
        while True:
            try:
                await self.client(spec).run()
                return
            except Failed as error:
                self.note(f"{spec.name} has failed: {error}")
                await asyncio.sleep(2)

    async def follow_view(self):
        """Ask the leader what it thinks of its group."""
        while self.scenario.group:
            self._view = await self.view_of_leader()
            await asyncio.sleep(VIEW_EVERY_S)

    async def view_of_leader(self):
        """What the leader itself says of how well its group is."""
        leader = self.world.leader()
        if not leader:
            return {}
        socket = os.path.join(self.starter.directory, f"{leader}.socket")
        _, out, _ = await self.starter.run(programs.ours("timesync"), "group", "status", "--json",
                                           "--socket", socket, timeout=5)
        try:
            said = json.loads(out)
        except ValueError:
            return {}
        trouble = re.sub(r"[\d.]+:\d+", lambda at: self.world.name_at(at[0]) or at[0],
                         said.get("trouble", ""))
        return {"spread_s": said.get("spread_s"), "trouble": trouble}

    async def ask(self):
        """Ask all methods again and again, as long as somebody looks."""
        questions = self._questions
        while True:
            questions.changed.clear()
            if questions.client and self.now() - self._seen < LOOKS_FOR_S:
                await questions.ask()
            try:
                async with asyncio.timeout(ASK_EVERY_S):
                    await questions.changed.wait()
            except TimeoutError:
                pass

    # --- what the page asks ---

    async def about(self, _query):
        """What does not change."""
        return {"title": self.scenario.title, "question": self.scenario.question,
                "group": bool(self.scenario.group), "since": self.recording.wall[0] / 1e9,
                "nodes": [{"name": n.name, "role": n.role} for n in self.scenario.nodes],
                "events": [self.in_words(event) for event in self.scenario.events]}

    @staticmethod
    def in_words(event):
        """An event of the scenario, for a button."""
        if event.do == "link":
            rules = ", ".join(f"{k} {v}" for k, v in event.link.rules.items() if v not in (0, "0s"))
            return f"link {' '.join(event.link.sources)} – {' '.join(event.link.targets)}: {rules}"
        sides = " | ".join(" ".join(side) for side in event.sides)
        amount = {"step": units.text(event.amount, True), "drift": f"{event.amount:g} ppm"}
        return " ".join(filter(None, (event.do, event.node, sides, amount.get(event.do))))

    async def state(self, query):
        """What there is to see now; of samples and events what the page does not have yet."""
        self._seen = self.now()
        try:
            since, events = float(query.get("since", "-1")), int(query.get("events", "0"))
        except ValueError:
            raise Wrong("since and events must be numbers") from None
        r = self.recording
        start = bisect_right(r.times, max(since, self.now() - SHOWN_S))
        leader, term = self._leads[-1][1:] if self._leads else ("", 0)
        return {
            "now": self.now(), "leader": leader, "term": term, "leads": self._leads[-200:],
            "view": self._view, "nodes": [self.node(n) for n in self.world.members.values()],
            "links": self.links(), "parted": self.world.network.parted,
            "times": r.times[start:],
            "errors": {name: [round(v, 9) for v in values[start:]]
                       for name, values in r.errors.items()},
            "events": [{"at": e.at, "what": e.what} for e in r.events[max(0, events):]],
            "event": len(r.events), "methods": self.methods(), "series": self.series()}

    def node(self, node):
        """A node as it is now."""
        real = time.time_ns()
        line = node.clock.line()
        error = line.error(real)
        return {"name": node.spec.name, "role": node.spec.role, "state": node.state,
                "following": node.following, "term": node.term, "error": error / 1e9,
                "shows": (real + error) // 1000000 % 86400000 / 1e3, "drift": line.drift / 1e3,
                "claim": self.claims.bound(node),
                "possible": self.world.possible(node)}

    def links(self):
        """Each pair between which datagrams pass a relay, both ways."""
        network = self.world.network
        pairs = sorted({tuple(sorted(pair)) for pair in network.pairs()})
        return [{"a": a, "b": b, "there": way(*network.between(a, b)),
                 "back": way(*network.between(b, a))} for a, b in pairs]

    def methods(self):
        """What the methods said last."""
        q = self._questions
        return {"client": q.client, "server": q.server, "last": q.last}

    def series(self):
        """The latest result of each measurement of the scenario."""
        latest = {}
        for v in self.recording.values[-400:]:
            if v.kind == "result":
                latest[v.series, v.method] = v
        return [{"name": v.series, "method": v.method, "offset": v.offset, "error": v.error,
                 "bound": v.bound, "delay": v.delay, "at": v.at} for v in latest.values()]

    # --- what the page does ---

    async def choose(self, content):
        """Whom to ask by all methods."""
        try:
            table = Table("request", content)
            pair = [table.take(key, text) for key in ("client", "server")]
            table.finish()
        except Bad as error:
            raise Wrong(str(error)) from None
        self._questions.choose(*pair)
        return {}

    async def finish(self, _content):
        """End the experiment."""
        self._loop.call_later(0.2, self._ended.set)  # when this has been answered
        return {}

    async def do(self, content):
        """Do something now: a list of deeds, or the number of an event of the scenario."""
        try:
            if type(content) is int and 0 <= content < len(self.scenario.events):
                events = [self.scenario.events[content]]
            elif isinstance(content, list):
                events = [deed(self.scenario, one) for one in content]
            else:
                raise Wrong("there is nothing to do")
            async with self._turn:
                return {"done": [await self.carry_out(event) for event in events]}
        except (Bad, Failed, Refused, OSError, TimeoutError) as error:
            raise Wrong(str(error) or "it takes too long") from None

    async def carry_out(self, event):
        """Do one thing, and note it."""
        what = await self.world.do(event)
        link = (event.link.sources, event.link.targets) if event.link else None
        self.note(what, again=link is not None and link == self._last_link)
        self._last_link = link
        return what

    def note(self, what, again=False):
        """Note that something was done; in place of the last, if that was the same again."""
        events = self.recording.events
        if again and events and self.now() - events[-1].at < SAME_WITHIN_S:
            events.pop()
        events.append(Done(self.now(), self.now(), what))
