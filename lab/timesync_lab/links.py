# SPDX-License-Identifier: BSD-3-Clause
"""The network: relays in front of all servers, and what they do to the datagrams of each pair.

Every server has a public address, which is its relay's. The relay tells callers apart by their
address, so each pair of nodes has a link of its own, each way. What goes from a to b passes the
relay of b as a call of a, or the relay of a as an answer to b.
"""

import asyncio
import re
import subprocess
from collections import defaultdict

NO_RULES = {"delay": "0s", "loss": 0, "duplicate": 0, "reorder": 0}
DROP_ALL = 100
ANSWERS_WITHIN = 10  # s, a relay
DONE, REFUSED = "relay: done", "relay: refused"


class Refused(Exception):
    """A relay does not do what it is told, or does not start."""


class Relay:
    """A relay process that takes commands.

    It answers them in their order. So an answer that nobody waits for any more, as it did not come in
    time, is read and thrown away before the next one.
    """

    def __init__(self, process, name):
        self.process, self.name, self._turn = process, name, asyncio.Lock()
        self._unread = 0  # answers that are still to come

    @classmethod
    async def start(cls, starter, program, listen, server, seed, name):
        """Start a relay, and wait until it listens."""
        relay = cls(await starter.start(
            program, "--listen", listen, "--to", server, "--seed", str(seed), "--control",
            stdin=subprocess.PIPE), name)
        async with asyncio.timeout(ANSWERS_WITHIN):
            line = await relay.process.stdout.readline()
        if not line.startswith(b"relay: listening on "):
            raise Refused(f"the relay of {name} does not start: "
                          f"{(await relay.process.stderr.read()).decode(errors='replace')}")
        return relay

    async def command(self, text):
        """Give a command, one after the other; the lines that it prints before it is done."""
        async with self._turn:
            self.process.stdin.write(text.encode() + b"\n")
            self._unread += 1
            try:
                async with asyncio.timeout(ANSWERS_WITHIN):
                    while self._unread > 1:
                        await self._answer()
                    *lines, end = await self._answer()
            except TimeoutError:
                raise Refused(f"the relay of {self.name} does not answer '{text}' within "
                              f"{ANSWERS_WITHIN} s") from None
        if end == REFUSED:
            raise Refused(f"the relay of {self.name} refuses '{text}'")
        return lines

    async def _answer(self):
        """The lines of the next answer."""
        lines = []
        while not lines or lines[-1] not in (DONE, REFUSED):
            line = (await self.process.stdout.readline()).decode(errors="replace").strip()
            if not line:
                raise Refused(f"the relay of {self.name} has ended")
            lines.append(line)
        self._unread -= 1
        return lines

    async def counters(self):
        """{"to server": {"received": n, ...}, "to client": ..., "late": {"mean_ns": n, ...}}"""
        lines = await self.command("counters")
        found = (re.match(r"relay: ([\w ]+): (.*)", line) for line in lines)
        return {part[1]: {key: int(n) for key, n in re.findall(r"(\w+) (\d+)", part[2])}
                for part in found}


def options(rules, parted, way):
    """A relay's options for one way of a link."""
    loss = DROP_ALL if parted else rules["loss"]
    amounts = {"delay": rules["delay"], "drop": loss, "duplicate": rules["duplicate"],
               "reorder": rules["reorder"]}
    return [word for name, amount in amounts.items() if amount not in (0, "0s")
            for word in (f"--{name}-to-{way}", str(amount))]


class Network:
    """The links between nodes. Changes take effect when `apply` is awaited."""

    def __init__(self):
        self._relays = []  # (relay, caller's address or "*", caller, server)
        self._rules = defaultdict(lambda: dict(NO_RULES))
        self._parted = set()
        self._said = {}

    def add(self, relay, callers, server):
        """A relay in front of `server`; callers: {name: address, or "*" for all}."""
        for caller, address in callers.items():
            self._relays.append((relay, address, caller, server))

    @property
    def parted(self):
        """Whether a part of the network cannot reach another."""
        return bool(self._parted)

    def set(self, sources, targets, rules):
        """New rules for what goes from each source to each target."""
        for source in sources:
            for target in targets:
                if source != target:
                    self._rules[source, target] = dict(rules)

    def between(self, source, target):
        """(the rules of one way, whether it is parted)."""
        return self._rules[source, target], (source, target) in self._parted

    def pairs(self):
        """The (caller, server) whose datagrams pass a relay."""
        return {(caller, server) for _, _, caller, server in self._relays}

    def part(self, sides):
        """Let nothing pass between the sides."""
        self._parted = {(a, b) for side in sides for other in sides if side is not other
                        for a in side for b in other}

    def heal(self):
        """Undo `part`."""
        self._parted = set()

    async def apply(self):
        """Pass the changes on to the relays."""
        for relay, address, caller, server in self._relays:
            words = []
            for way, pair in (("server", (caller, server)), ("client", (server, caller))):
                words += options(self._rules[pair], pair in self._parted, way)
            command = " ".join([address, *(words or ["--drop", "0"])])
            if self._said.get((relay.name, address)) != command:
                await relay.command(command)
                self._said[relay.name, address] = command

    async def counters(self):
        """What became of all datagrams: sums, and the relays' own error in seconds."""
        sums, late, most = defaultdict(int), 0.0, 0
        relays = {id(relay): relay for relay, *_ in self._relays}.values()
        for relay in relays:
            counters = await relay.counters()
            sent = 0
            for way in ("to server", "to client"):
                for key, n in counters[way].items():
                    sums[key] += n
                sent += counters[way]["sent"]
            late += counters["late"]["mean_ns"] * sent
            most = max(most, counters["late"]["most_ns"])
        return {**sums, "late_mean": late / max(1, sums["sent"]) / 1e9, "late_most": most / 1e9}
