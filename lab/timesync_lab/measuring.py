# SPDX-License-Identifier: BSD-3-Clause
"""Clients: timesync run again and again, and its results beside the truth."""

import asyncio
import json
import re

from . import programs
from .recording import Rounds, Value
from .world import ECHO_PORT, Failed

ECHO_LINE = re.compile(r"(\d+) (\d+)")


class Client:
    """Carries out one measurement of a scenario."""

    def __init__(self, world, recording, spec):
        self.world, self.recording, self.spec = world, recording, spec
        self.node = world.members.get(spec.node)
        self.rounds = recording.rounds.setdefault(spec.name, Rounds())

    # --- the truth ---

    def truth(self, server, at):
        """The offset of a server from this clock when this clock shows `at`, in s; and when."""
        line = self.node.clock.line()
        real = line.real_at(at)
        offset = self.world.members[server].clock.line().error(real) - line.error(real)
        return offset / 1e9, real

    # --- results ---

    def note_rounds(self, rounds):
        """Counts of calls."""
        for key in ("sent", "received", "lost"):
            setattr(self.rounds, key, getattr(self.rounds, key) + rounds[key])

    def add(self, **fields):
        """Record a value, as of now."""
        self.recording.values.append(Value(at=self.world.now(), series=self.spec.name, **fields))

    def note_samples(self, samples, true_offset):
        """Each exchange."""
        for s in samples:
            self.add(kind="round", method="ntp", rtt=(s["t4_ns"] - s["t1_ns"]) / 1e9,
                     delay=s["delay_s"], offset=s["offset_s"], error=s["offset_s"] - true_offset,
                     bound=s["delay_s"] / 2)

    def query_line(self, line, server):
        """A result of query, before any correction."""
        if "rounds" in line:
            self.note_rounds(line["rounds"])
        if "offset_s" not in line:
            self.rounds.failed += 1
            return
        true = 0.0
        if line.get("samples"):
            true, _ = self.truth(server, line["samples"][-1]["t4_ns"])
            self.note_samples(line["samples"], true)
        self.add(kind="result", method=line.get("method", "votes"), delay=line["delay_s"],
                 offset=line["offset_s"], error=line["offset_s"] - true,
                 bound=line["max_error_s"])

    def together_line(self, line):
        """The result of several servers: against the system clock, which honest ones serve."""
        if "offset_s" not in line:
            self.rounds.failed += 1
            return
        self.add(kind="result", method="votes", delay=line["delay_s"], offset=line["offset_s"],
                 error=line["offset_s"] + self.own_error(), bound=line["max_error_s"])

    def own_error(self):
        """By how much this clock is ahead of the system clock now, in s."""
        return self.recording.errors[self.spec.node][-1]

    def compare_line(self, line):
        """All methods on the same rounds; timesync itself knows the truth."""
        if "rounds" in line:
            self.note_rounds(line["rounds"])
        if "methods" not in line:
            self.rounds.failed += 1
            return
        stamps = [s for s in line["samples"] if s["procedure"] == "GET_TIMESTAMPS"]
        self.note_samples(stamps, line["true_offset_s"])
        for m in line["methods"]:
            if "error" not in m:
                self.add(kind="result", method=m["method"], delay=m["delay_s"],
                         offset=m["offset_s"], error=m["true_error_s"], bound=m["max_error_s"])

    def sync_line(self, line):
        """A correction."""
        if "rounds" in line:
            self.note_rounds(line["rounds"])
        if "applied" not in line:
            self.rounds.failed += "offset_s" not in line
            return
        self.add(kind="result", method=line.get("method", "votes"), delay=line["delay_s"],
                 offset=line["offset_s"], bound=line["max_error_s"])

    def track_line(self, line):
        """One poll of track."""
        if "rounds" in line:
            self.note_rounds(line["rounds"])
        if "offset_s" not in line:
            self.rounds.failed += 1
            return
        self.add(kind="result", method="track", delay=line["delay_s"], offset=line["offset_s"],
                 bound=line["max_error_s"])
        if line.get("estimate_error_s") is not None:
            self.claim(abs(line["estimate_s"]) + line["estimate_error_s"])

    def claim(self, bound):
        """From now on this clock is claimed to be wrong by at most that."""
        self.recording.claims.setdefault(self.spec.node, []).append((self.world.now(), bound))

    # --- running ---

    async def hosts(self):
        """Where the servers are for this client."""
        return [await self.world.client_address(self.spec.node, server, self.spec.transport,
                                                self.spec.direct)
                for server in self.spec.servers]

    async def argv(self):
        """The command line of timesync."""
        spec = self.spec
        words = [programs.ours("timesync"), spec.verb, "--json", "--clock", self.node.path]
        if spec.verb in ("query", "sync", "compare"):
            words += ["--rounds", str(spec.rounds)]
        if spec.verb in ("query", "sync"):
            words += ["--method", spec.method]
        if spec.verb == "compare":
            words += ["--truth", self.world.members[spec.servers[0]].path]
        if spec.verb == "track":
            words += ["--interval", f"{spec.every:.3f}s"]
        if spec.transport == "tcp":
            words += ["--transport", "tcp"]
        if spec.interleaved:
            words.append("--interleaved")
        return [*words, *spec.options, *await self.hosts()]

    def take(self, text):
        """What one run has printed."""
        lines = [json.loads(line) for line in text.splitlines()]
        several = len(self.spec.servers) > 1
        for i, line in enumerate(lines):
            if self.spec.verb == "compare":
                self.compare_line(line)
            elif self.spec.verb == "sync":
                if not several or i == len(lines) - 1:
                    self.sync_line(line)
            elif several and i == len(lines) - 1:
                self.together_line(line)
            elif not several:
                self.query_line(line, self.spec.servers[0])
            elif "rounds" in line:
                self.note_rounds(line["rounds"])

    async def repeat(self, argv):
        """Run it as often as asked, at a steady pace."""
        due = self.spec.start
        for _ in range(self.spec.count):
            await asyncio.sleep(max(0, due - self.world.now()))
            status, out, err = await self.world.starter.run(*argv)
            if not out.strip() or status == 2:
                raise Failed(f"{self.spec.name}: {(err or f'exit status {status}').strip()}")
            self.take(out)
            due = max(due + self.spec.every, self.world.now())

    async def follow(self, argv):
        """Let track run, and read what it prints."""
        await asyncio.sleep(max(0, self.spec.start - self.world.now()))
        process = await self.world.starter.start(*argv)
        while line := await process.stdout.readline():
            self.track_line(json.loads(line))
        raise Failed(f"{self.spec.name}: track has ended: "
                     f"{(await process.stderr.read()).decode(errors='replace').strip()}")

    async def echo(self):
        """Round trips with a plain echo, which knows nothing of RPC, beside the server."""
        place = self.world.members[self.spec.servers[0]].place
        where = f"{place.private}:{ECHO_PORT}"
        program = programs.ours("echo")
        if where not in self.world.logs:
            self.world.logs[where] = await self.world.starter.start(program, "--serve", where)
            await self.world.logs[where].stdout.readline()
        due = self.spec.start
        for _ in range(self.spec.count):
            await asyncio.sleep(max(0, due - self.world.now()))
            out = await self.world.must(program, "--ask", where, "--rounds", str(self.spec.rounds),
                                        *(["--tcp"] if self.spec.transport == "tcp" else []))
            for line in out.splitlines():
                self.rounds.sent += 1
                self.rounds.received += line.isdigit()
                if line.isdigit():
                    self.add(kind="round", rtt=int(line) / 1e9, delay=int(line) / 1e9)
            due = max(due + self.spec.every, self.world.now())

    async def run(self):
        """The whole measurement, until it is through or cancelled."""
        if self.spec.verb == "echo":
            await self.echo()
        elif self.spec.verb == "track":
            await self.follow(await self.argv())
        else:
            await self.repeat(await self.argv())
