# SPDX-License-Identifier: BSD-3-Clause
"""Scenarios: what an experiment consists of, read from TOML and checked before anything starts."""

import random
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from . import programs, units
from .table import REQUIRED, Bad, Table, choice, flag, text, texts, whole, within
from .words import did_you_mean

VERBS = ("query", "compare", "sync", "track", "echo", "commit")
DEEDS = ("kill", "restart", "freeze", "thaw", "leave", "join", "step", "drift", "link", "part",
         "heal")
ROLES = {"join": ("member",), "leave": ("member",),
         **{deed: ("member", "server") for deed in ("kill", "restart", "freeze", "thaw")},
         **{deed: ("member", "server", "client") for deed in ("step", "drift")}}
SPECIAL = ("leader", "follower", "frozen", "killed")  # who that is, shows when it is done
NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
RANDOM = re.compile(r"random\(([^,()]+),([^,()]+)\)")
TRACE_LINE = re.compile(r"[0-9]+(\.[0-9]+)?(ns|us|ms|s|min|h)?")
TAIL = re.compile(r"[0-9]+(\.[0-9]+)?")
MOST_NODES = 25
MOST_DELAY = 60  # s, as the relay


@dataclass
class Node:
    """A clock, and the program that serves or reads it."""

    name: str
    role: str
    offset: float
    drift: float
    absent: bool
    options: list


@dataclass
class Group:
    """What the members are started with."""

    lease: float
    cycle: float
    tolerance: float
    converged: float
    options: list


@dataclass
class Link:
    """What happens to datagrams on their way from `sources` to `targets`."""

    sources: list
    targets: list
    both: bool
    rules: dict


@dataclass
class Event:
    """Something that is done at a time."""

    at: float
    do: str
    node: str = ""
    amount: float = 0.0
    link: Link | None = None
    sides: list = field(default_factory=list)


@dataclass
class Measure:
    """What a client does again and again."""

    name: str
    verb: str
    nodes: list
    servers: list
    start: float
    every: float
    count: int
    rounds: int
    method: str
    transport: str
    interleaved: bool
    direct: bool
    options: list

    @property
    def node(self):
        """The one that measures, "" if it is none in particular."""
        return self.nodes[0] if self.nodes else ""


@dataclass
class Limit:
    """Where a figure has to lie."""

    figure: str
    least: float | None
    most: float | None
    below: str
    because: str


@dataclass
class Scenario:
    """The whole experiment."""

    path: Path
    source: str
    title: str
    question: str
    look: str
    explain: str
    duration: float
    sample: float
    seed: int
    group: Group | None
    nodes: list
    links: list
    events: list
    measures: list
    limits: list

    def named(self, role):
        """The nodes of a role."""
        return [node for node in self.nodes if node.role == role]


def name(value):
    """The name of a node or of a measurement."""
    if not isinstance(value, str) or not NAME.fullmatch(value) or value in (*SPECIAL, "rest"):
        raise ValueError("must be a name of up to 16 lower-case letters, digits and '_', "
                         f"and none of {', '.join((*SPECIAL, 'rest'))}")
    return value


def method(value):
    """The name of a method that timesync has."""
    return choice(*programs.choices("query", "method"))(value)


def drawn(read, dice):
    """A reader that also takes "random(LEAST, MOST)", which the seed decides."""
    def choose(value):
        found = RANDOM.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            return read(value)
        least, most = read(found[1].strip()), read(found[2].strip())
        if least > most:
            raise ValueError("the first must not be above the second")
        return dice.uniform(least, most)
    return choose


def delay(value):
    """How a link delays, as the relay takes it."""
    try:
        if isinstance(value, (int, float)):
            return f"{within(units.duration, 0, MOST_DELAY, 'must be from 0 to 60 s')(value):.9f}s"
        kind, _, rest = value.rpartition(":")
        parts = value.split("..") if ".." in value and not kind else rest.split(",")
        wanted = {"": (1, 2) if ".." in value else (1,), "normal": (2,), "pareto": (3,),
                  "trace": (1,)}[kind]
        if len(parts) not in wanted:
            raise ValueError
        if kind != "trace":
            amounts = [units.duration(part) for part in parts[:2]]
            if min(amounts) < 0 or max(amounts) > MOST_DELAY:
                raise ValueError
            if not kind and amounts != sorted(amounts):
                raise ValueError
        if kind == "pareto" and not (TAIL.fullmatch(parts[2].strip()) and
                                     0.1 <= float(parts[2]) <= 100):
            raise ValueError
    except (AttributeError, KeyError, ValueError):
        raise ValueError("must be a delay such as \"5ms\", \"1ms..5ms\", "
                         "\"normal:MEAN,DEVIATION\", \"pareto:LEAST,SCALE,TAIL\" or "
                         "\"trace:FILE\", of durations from 0 to 1min") from None
    # A relay takes words, and a command on each line.
    return "".join(value.split()).replace("+", "").replace("µs", "us")


def check_trace(path):
    """A file with a duration on each line, as the relay reads it; '#' begins a comment."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"'{path}' is no regular file")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' cannot be read: "
                         f"{getattr(error, 'strerror', None) or error}") from None
    if " " in str(path):
        raise ValueError(f"the name '{path}' may not have spaces")
    delays = {n: line for n, line in enumerate(lines, 1) if line and not line.startswith("#")}
    for n, line in delays.items():
        if not TRACE_LINE.fullmatch(line) or units.duration(line) > MOST_DELAY:
            raise ValueError(f"line {n} of '{path}' must be a duration up to 1min, such as 12.5ms")
    if not delays:
        raise ValueError(f"'{path}' has no delays")


class Parts:
    """Reads the parts of a scenario that are about its nodes."""

    def __init__(self, path, nodes, dice):
        self.path, self.nodes, self.dice = path, nodes, dice

    @staticmethod
    def finish(table, read):
        """The result of `read` on a table; complain about keys that it has not taken."""
        value = read(table)
        table.finish()
        return value

    def known(self, t, key, values, special=()):
        """Complain unless each is the name of a node or special."""
        names = [node.name for node in self.nodes]
        for value in values:
            if value not in names and value not in special:
                raise t.bad(key, f"'{value}' is no node{did_you_mean(value, [*names, *special])} "
                                 f"(one of {', '.join([*names, *special])})")
        return values

    def ends(self, t, key, default=REQUIRED):
        """One end of a link: nodes, or "*" for all."""
        values = t.take(key, texts, default)
        if values == ["*"]:
            return [node.name for node in self.nodes]
        return self.known(t, key, values, ("leader",))

    def link(self, t):
        """A link: from and to, or between."""
        both = t.has("between")
        if both:
            sides = self.ends(t, "between")
            sources, targets = (sides, sides)
        else:
            sources, targets = self.ends(t, "from"), self.ends(t, "to")
        rules = {"delay": t.take("delay", delay, "0s"),
                 **{fault: t.take(fault, units.percent, 0)
                    for fault in ("loss", "duplicate", "reorder")}}
        if rules["delay"].startswith("trace:"):
            try:
                trace = (self.path.parent / rules["delay"].removeprefix("trace:")).resolve()
                check_trace(trace)
            except ValueError as error:
                raise t.bad("delay", error) from None
            rules["delay"] = f"trace:{trace}"
        return Link(sources, targets, both, rules)

    def event(self, t):
        """An event: its time, and its action."""
        at = t.take("at", drawn(units.duration, self.dice))
        event = self.deed(t)
        event.at = at
        return event

    def deed(self, t):
        """The action of an event, with the keys that this action takes."""
        do = t.take("do", choice(*DEEDS))
        event = Event(at=0.0, do=do)
        if do == "link":
            event.link = self.link(t)
        elif do == "part":
            event.sides = self.sides(t)
        elif do != "heal":
            event.node = self.known(t, "node", [t.take("node", text)], SPECIAL)[0]
            self.check_role(t, event)
        if do == "step":
            event.amount = t.take("by", drawn(units.duration, self.dice))
        elif do == "drift":
            event.amount = t.take("to", drawn(units.ppm, self.dice))
        return event

    def check_role(self, t, event):
        """Complain unless that can be done to a node of its role."""
        role = {n.name: n.role for n in self.nodes}.get(event.node, "member")
        if role not in ROLES[event.do]:
            raise t.bad("do", f"'{event.do}' is for a {' or '.join(ROLES[event.do])}, and "
                              f"'{event.node}' is a {role}")

    def sides(self, t):
        """The sides of a partition; the last one may be "rest"."""
        def read(value):
            if not isinstance(value, list) or len(value) < 2:
                raise ValueError("must be two or more lists of nodes, such as "
                                 "[[\"leader\", \"a\"], \"rest\"]")
            return [texts(side) for side in value]
        sides = t.take("sides", read)
        for side in sides:
            self.known(t, "sides", side, ("leader", "follower", "rest"))
        return sides

    def measure(self, t):
        """What a client does."""
        verb = t.take("verb", choice(*VERBS), "query")
        nodes = self.known(t, "node", t.take("node", texts, *([[]] if verb == "echo" else [])))
        if verb == "commit" and len(set(nodes)) < 2:
            raise t.bad("node", "commit takes two nodes or more, in turn: [\"a\", \"b\"]")
        if verb != "commit" and len(nodes) > 1:
            raise t.bad("node", f"{verb} takes one node")
        servers = [] if verb == "commit" else self.known(t, "server", t.take("server", texts))
        roles = {n.name: n.role for n in self.nodes}
        for server in servers:
            if roles[server] == "client":
                raise t.bad("server", f"'{server}' is a client, which serves nothing")
        if verb == "compare" and len(servers) > 1:
            raise t.bad("server", "compare takes one server")
        return Measure(
            name=t.take("name", name), verb=verb, nodes=nodes, servers=servers,
            start=t.take("from", within(units.duration, 0, 86400, "must be 0s to 24h"), 0.5),
            every=t.take("every", within(units.duration, 0.05, 3600, "must be 50ms to 1h"), 1.0),
            count=t.take("count", whole(1, 1000000), 1000000),
            rounds=t.take("rounds", whole(3, 1000), 5),
            method=t.take("method", method, "ntp"),
            transport=t.take("transport", choice("udp", "tcp"), "udp"),
            interleaved=t.take("interleaved", flag, False),
            direct=t.take("direct", flag, False),
            options=t.take("options", texts, []))

    @staticmethod
    def limit(t):
        """A limit of a figure; numbers without a unit are as the figure is."""
        limit = Limit(
            figure=t.take("figure", text), least=t.take("min", units.duration, None),
            most=t.take("max", units.duration, None),
            below=t.take("below", text, ""), because=t.take("because", text, ""))
        if limit.least is None and limit.most is None and not limit.below:
            raise t.bad("figure", f"'{limit.figure}' needs min, max or below")
        return limit


class Reader(Parts):
    """Reads one scenario."""

    def __init__(self, path, source, seed):
        try:
            content = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise Bad(f"{path}: no TOML: {error}") from None
        self.root = Table(str(path), content)
        self.source = source
        default = self.root.take("seed", whole(0, 2**31), 1)
        self.seed = default if seed is None else seed
        super().__init__(path, [], random.Random(self.seed))

    def tables(self, key, read):
        """The list of tables under a key, each read by `read`."""
        def check(value):
            if not isinstance(value, list):
                raise ValueError(f"must be tables, each headed by [[{key}]]")
            return value
        found = self.root.take(key, check, [])
        return [self.finish(Table(f"{self.path}: [[{key}]] {n}", content), read)
                for n, content in enumerate(found, 1)]

    def node(self, t):
        """A node."""
        return Node(
            name=t.take("name", name),
            role=t.take("role", choice("member", "server", "client"), "member"),
            offset=t.take("clock", drawn(units.duration, self.dice), 0.0),
            drift=t.take("drift", drawn(units.ppm, self.dice), 0.0),
            absent=t.take("absent", flag, False),
            options=t.take("options", texts, []))

    def group(self, t):
        """The group's settings."""
        term = within(units.duration, 0.1, 3600, "must be from 100ms to 1h")
        span = within(units.duration, 0, units.DURATION_MOST, "must not be negative")
        return Group(
            lease=t.take("lease", term, 2.0), cycle=t.take("cycle", term, 1.0),
            tolerance=t.take("tolerance", span, 1.0),
            converged=t.take("converged", span, 0.01),
            options=t.take("options", texts, []))

    def check_names(self):
        """Nodes: enough, not too many, each name once, and a majority of members at the start."""
        names = [node.name for node in self.nodes]
        twice = {n for n in names if names.count(n) > 1}
        if twice:
            raise Bad(f"{self.path}: two nodes are called '{min(twice)}'")
        if not 1 <= len(names) <= MOST_NODES:
            raise Bad(f"{self.path}: there must be from 1 to {MOST_NODES} nodes, as [[node]]")

    def scenario(self):
        """All of it."""
        root = self.root
        heading = {key: root.take(key, text) for key in ("title", "question")}
        heading.update({key: root.take(key, text, "") for key in ("look", "explain")})
        duration = root.take("duration", within(units.duration, 1, 86400, "must be 1s to 24h"))
        sample = root.take("sample", within(units.duration, 0.01, 60, "must be 10ms to 1min"), 0.1)
        self.nodes = self.tables("node", self.node)
        self.check_names()
        group = root.take("group", lambda v: Table(f"{self.path}: [group]", v), None)
        members = [node for node in self.nodes if node.role == "member"]
        if members and group is None:
            group = Table(f"{self.path}: [group]", {})
        scenario = Scenario(
            path=self.path, source=self.source, duration=duration, sample=sample, seed=self.seed,
            group=self.finish(group, self.group) if group else None, nodes=self.nodes,
            links=self.tables("link", self.link), events=self.tables("event", self.event),
            measures=self.tables("measure", self.measure), limits=self.tables("limit", self.limit),
            **heading)
        root.finish()
        scenario.events.sort(key=lambda event: event.at)
        for event in scenario.events:
            if not 0 <= event.at <= duration:
                raise Bad(f"{self.path}: an event at {event.at} s is outside of the duration of "
                          f"{duration} s")
        return scenario


def load(path, seed=None):
    """The scenario in a file; Bad with the file, the key and the allowed values."""
    try:
        source = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Bad(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return Reader(Path(path), source, seed).scenario()


def deed(scenario, content):
    """An action on the nodes of a scenario, from a table; Bad if that is wrong."""
    parts = Parts(scenario.path, scenario.nodes, random.Random())
    return parts.finish(Table("request", content), parts.deed)
