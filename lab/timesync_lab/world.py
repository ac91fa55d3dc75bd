# SPDX-License-Identifier: BSD-3-Clause
"""The nodes of an experiment: their addresses, clocks and daemons, and the actions on them."""

import asyncio
import os
import random
import re
import signal
import socket
from dataclasses import dataclass, field

from . import programs, units
from .clockfile import ClockFile
from .links import Network, Relay
from .scenario import ROLES

GROUP_PORT, ECHO_PORT = 21319, 5500
# Servers differ in their ports too: timesync takes two addresses of one machine with the same port
# for the same server.
FIRST_TIME_PORT, FIRST_CLIENT_PORT = 5542, 22000
LEADER_WITHIN = 5  # s that an event waits for the leader that it names
POSSIBLE = {  # in which states
    "kill": ("running", "frozen"), "freeze": ("running",), "thaw": ("frozen",),
    "restart": ("running", "frozen", "killed"), "leave": ("running",), "join": ("absent", "left")}
GROUP_LINE = re.compile(r"group \S+: (leading|following|no leader)(?: (\S+),|,)?"
                        r" ?(?:in term (\d+))?")


class Failed(Exception):
    """A program of the experiment does not do what it must."""


class NoLeader(Failed):
    """Nobody leads at the moment."""


@dataclass
class Place:
    """Where a node is."""

    private: str  # where its daemon listens, and its calls come from
    public: str   # its relay's, where others reach it
    number: int

    @property
    def time_port(self):
        """Where its daemon serves the time."""
        return FIRST_TIME_PORT + self.number


@dataclass
class Member:
    """A node while the experiment runs."""

    spec: object
    place: Place
    path: str
    clock: ClockFile
    process: object = None
    state: str = "absent"  # running, frozen, killed, left
    since: float = 0.0
    following: str = ""    # the leader, as it says itself
    term: int = 0
    history: list = field(default_factory=list)  # (time, state, leader, term)


def network_of_addresses():
    """A /24 of the loopback that no other experiment uses, and the socket that reserves it."""
    dice = random.Random(os.getpid())
    for _ in range(100):
        net = f"127.{dice.randint(2, 250)}.{dice.randint(0, 255)}"
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((f"{net}.1", GROUP_PORT))
        except OSError:
            holder.close()
            continue
        return net, holder
    raise Failed("no loopback addresses are free: how many experiments run here?")


class World:
    """All nodes, and the network between them."""

    def __init__(self, scenario, starter, now):
        self.scenario, self.starter, self.now = scenario, starter, now
        self.net, self._holder = network_of_addresses()
        self.network = Network()
        self.members = {}
        self.logs = {}
        self.dice = random.Random(scenario.seed + 1)
        self.key = os.path.join(starter.directory, "key")
        self._readers = []

    # --- building it ---

    def place_of(self, number):
        """The addresses of the node of that number."""
        return Place(f"{self.net}.{10 + number}", f"{self.net}.{110 + number}", number)

    async def must(self, *argv):
        """Run a program that must succeed. What it printed."""
        status, out, err = await self.starter.run(*argv)
        if status != 0:
            raise Failed(f"{' '.join(map(os.path.basename, argv[:3]))} ... failed: "
                         f"{(err or out).strip()}")
        return out

    async def build(self):
        """Clocks and relays; nothing runs yet."""
        timesync = programs.ours("timesync")
        if self.scenario.group:
            await self.must(timesync, "group", "keygen", self.key)
        for number, spec in enumerate(self.scenario.nodes):
            path = os.path.join(self.starter.directory, f"{spec.name}.clock")
            await self.must(timesync, "clock", "create", path,
                            f"--offset={units.argument(spec.offset)}", f"--drift={spec.drift:.3f}")
            try:
                clock = ClockFile(path)
            except ValueError as error:
                raise Failed(f"{error}: {timesync} and timesync-lab are of different versions"
                             ) from None
            self.members[spec.name] = Member(spec, self.place_of(number), path, clock)
        for node in self.members.values():
            if node.spec.role == "member":
                await self.add_member_relay(node)
        for link in self.scenario.links:
            self.set_link(link)
        await self.network.apply()

    async def add_member_relay(self, node):
        """The relay in front of a member's port in the group."""
        relay = await Relay.start(
            self.starter, programs.ours("relay"), f"{node.place.public}:{GROUP_PORT}",
            f"{node.place.private}:{GROUP_PORT}", self.seed_of(node.spec.name), node.spec.name)
        self.network.add(relay, {m.spec.name: m.place.private for m in self.members.values()
                                 if m is not node and m.spec.role == "member"}, node.spec.name)

    async def client_address(self, client, server, transport, direct):
        """HOST:PORT at which a client calls a server: a relay of this pair, or it itself."""
        node = self.members[server]
        if direct or transport == "tcp":
            return f"{node.place.private}:{node.place.time_port}"
        name = f"{client}>{server}"
        port = FIRST_CLIENT_PORT + 100 * node.place.number + self.members[client].place.number
        address = f"{node.place.public}:{port}"
        if name not in self.logs:
            self.logs[name] = address
            relay = await Relay.start(
                self.starter, programs.ours("relay"), address,
                f"{node.place.private}:{node.place.time_port}", self.seed_of(name), name)
            self.network.add(relay, {client: "*"}, server)
            await self.network.apply()
        return address

    def seed_of(self, name):
        """A relay's seed: the experiment's, and its own."""
        return random.Random(f"{self.scenario.seed} {name}").randrange(1 << 31)

    # --- daemons ---

    def argv(self, node):
        """The command line of a node's daemon."""
        spec, place = node.spec, node.place
        words = [programs.ours("timesyncd"), "-f", "--no-rpcbind", "--netid", "udp,tcp",
                 "-a", place.private, "-p", str(place.time_port), "-c", node.path,
                 "--socket", os.path.join(self.starter.directory, f"{spec.name}.socket")]
        if spec.role == "member":
            group = self.scenario.group
            words += ["--group", "lab", "--key", self.key, "--group-port", str(GROUP_PORT),
                      "--advertise", f"{place.public}:{GROUP_PORT}",
                      "--lease", units.argument(group.lease),
                      "--cycle", units.argument(group.cycle),
                      "--tolerance", units.argument(group.tolerance), *group.options]
            for other in self.members.values():
                if other.spec.role == "member" and (not other.spec.absent or other is node or
                                                    other.state not in ("absent", "left")):
                    words += ["--member", f"{other.place.public}:{GROUP_PORT}"]
        return words + spec.options

    async def launch(self, node):
        """Start a node's daemon and wait until it serves."""
        node.process = await self.starter.start(*self.argv(node))
        serving = asyncio.Event()
        self._readers.append(asyncio.create_task(self.read_log(node, node.process, serving)))
        try:
            async with asyncio.timeout(20):
                await serving.wait()
        except TimeoutError:
            raise Failed(f"the daemon of {node.spec.name} does not serve within 20 s") from None
        if node.process.returncode is not None:
            raise Failed(f"the daemon of {node.spec.name} has ended: see {node.spec.name}.log")
        self.become(node, "running")

    async def launch_all(self):
        """Start all daemons that are there from the beginning."""
        await asyncio.gather(*(self.launch(node) for node in self.members.values()
                               if node.spec.role != "client" and not node.spec.absent))
        for node in self.members.values():
            if node.spec.role == "client":
                self.become(node, "running")

    async def read_log(self, node, process, serving):
        """Read a daemon's log, which names the leader that it follows."""
        path = os.path.join(self.starter.directory, f"{node.spec.name}.log")
        with open(path, "a", encoding="utf-8") as log:
            while line := (await process.stderr.readline()).decode(errors="replace"):
                log.write(f"{self.now():9.3f} {line}")
                log.flush()
                if "serving tcp" in line:
                    serving.set()
                found = GROUP_LINE.search(line)
                if found:
                    self.note_leader(node, found)
        serving.set()
        await process.wait()
        if node.process is process and node.state in ("running", "frozen"):
            self.become(node, "killed")

    def note_leader(self, node, found):
        """A member has named the leader that it follows."""
        node.term = int(found[3] or node.term)
        if found[1] == "leading":
            node.following = node.spec.name
        else:
            node.following = self.name_at(found[2]) if found[1] == "following" else ""
        node.history.append((self.now(), node.state, node.following, node.term))

    def name_at(self, public):
        """The name of the node at a public HOST:PORT."""
        for node in self.members.values():
            if f"{node.place.public}:{GROUP_PORT}" == public:
                return node.spec.name
        return ""

    def become(self, node, state):
        """A node is in another state from now on."""
        if state in ("killed", "left"):
            node.following = ""
        node.state, node.since = state, self.now()
        node.history.append((node.since, state, node.following, node.term))

    async def end(self):
        """End everything, and take no notice of it."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self.starter.end()

    # --- the roles of members ---

    def leader(self):
        """The member that leads as most of those see it that run; None if none does."""
        votes = [node.following for node in self.members.values()
                 if node.state == "running" and node.following]
        best = max(set(votes), key=votes.count, default=None)
        return best if best and self.members[best].state == "running" else None

    def resolve(self, name):
        """The nodes that a name stands for now."""
        if name == "leader":
            leader = self.leader()
            if leader is None:
                raise NoLeader("there is no leader, which an event names")
            return [leader]
        if name in ("frozen", "killed"):
            found = [n for n, node in self.members.items() if node.state == name]
            if not found:
                raise Failed(f"no node is {name} at the time of an event that names it")
            return found
        if name == "follower":
            (leader,) = self.resolve("leader")
            others = [n for n, node in self.members.items() if n != leader and
                      node.state == "running" and node.spec.role == "member"]
            return [self.dice.choice(sorted(others))]
        return [name]

    def resolve_sides(self, sides):
        """The names on each side of a partition."""
        taken, out = set(), []
        for side in sides:
            names = []
            for name in side:
                if name == "rest":
                    names += [n for n in self.members if n not in taken]
                else:
                    found = [n for n in self.resolve(name) if n not in taken]
                    while name == "follower" and not found:
                        found = [n for n in self.resolve(name) if n not in taken]
                    names += found
                taken.update(names)
            out.append(names)
        return out

    # --- actions ---

    def set_link(self, link):
        """Set the rules of a link, not applied yet."""
        sources = [n for name in link.sources for n in self.resolve(name)]
        targets = [n for name in link.targets for n in self.resolve(name)]
        self.network.set(sources, targets, link.rules)
        if link.both:
            self.network.set(targets, sources, link.rules)

    def possible(self, node):
        """What can be done to a node as it is now."""
        return [do for do, states in POSSIBLE.items()
                if node.spec.role in ROLES[do] and node.state in states]

    def signal(self, node, signo):
        """Send a signal to a daemon and all its processes."""
        try:
            os.killpg(node.process.pid, signo)
        except ProcessLookupError:
            pass

    async def adjust(self, node, *options):
        """Change a clock by hand."""
        await self.must(programs.ours("timesync"), "clock", "adjust", *options, node.path)

    async def kill(self, node, _event):
        """End a daemon in a way that it cannot notice."""
        self.signal(node, signal.SIGKILL)
        self.become(node, "killed")

    async def freeze(self, node, _event):
        """Stop all processes of a daemon."""
        self.signal(node, signal.SIGSTOP)
        self.become(node, "frozen")

    async def thaw(self, node, _event):
        """Let them go on."""
        self.signal(node, signal.SIGCONT)
        self.become(node, "running")

    async def restart(self, node, _event):
        """Start a daemon again, with the clock and the saved state that it had."""
        if node.state in ("running", "frozen"):
            self.signal(node, signal.SIGKILL)
        await node.process.wait()
        await self.launch(node)

    async def change(self, what, node):
        """Ask the group to add or remove a member, until it has a leader."""
        for other in self.members.values():
            if other.state == "running" and other.spec.role == "member" and other is not node:
                await self.must(programs.ours("timesync"), "group", what, "--key", self.key, "--at",
                                f"{other.place.public}:{GROUP_PORT}",
                                f"{node.place.public}:{GROUP_PORT}")
                return
        raise Failed(f"nobody can be asked for the {what} of {node.spec.name}")

    async def join(self, node, _event):
        """Start a daemon and have the group take it in."""
        await self.launch(node)
        await self.change("join", node)

    async def leave(self, node, _event):
        """Have the group remove a member, and end its daemon."""
        await self.change("leave", node)
        self.signal(node, signal.SIGTERM)
        await node.process.wait()
        self.become(node, "left")

    async def step(self, node, event):
        """Step a clock."""
        await self.adjust(node, f"--step={units.argument(event.amount)}")

    async def drift(self, node, event):
        """Give a clock another rate."""
        await self.adjust(node, f"--drift={event.amount:.3f}")

    async def carry_out(self, event):
        """Do what an event says, if it names the leader as soon as there is one: in words."""
        deadline = self.now() + LEADER_WITHIN
        while True:
            try:
                return await self.do(event)
            except NoLeader:
                if self.now() > deadline:
                    raise
                await asyncio.sleep(0.02)

    async def do(self, event):
        """Carry out an event. Returns the action in words."""
        if event.do == "link":
            self.set_link(event.link)
            await self.network.apply()
            rules = event.link.rules
            return (f"link {','.join(event.link.sources)} "
                    f"{'and' if event.link.both else 'to'} {','.join(event.link.targets)}: "
                    + ", ".join(f"{k} {v}" for k, v in rules.items() if v not in (0, "0s")))
        if event.do in ("part", "heal"):
            sides = self.resolve_sides(event.sides)
            (self.network.part(sides) if sides else self.network.heal())
            await self.network.apply()
            return "part " + " | ".join(" ".join(side) for side in sides) if sides else "heal"
        names = self.resolve(event.node)
        for name in names:
            node = self.members[name]
            if event.do in POSSIBLE and event.do not in self.possible(node):
                raise Failed(f"'{event.do}' is not possible: {name} is {node.state}")
            await getattr(self, event.do)(node, event)
        amount = {"step": f" by {units.text(event.amount, signed=True)}",
                  "drift": f" to {event.amount:g} ppm"}.get(event.do, "")
        role = f" ({event.node})" if [event.node] != names else ""
        return f"{event.do} {' '.join(names)}{role}{amount}"
