# SPDX-License-Identifier: BSD-3-Clause
"""How close the clocks of a group are: real daemons, on clock files of this machine.

The crystals of the clock files run up to 50 ppm fast or slow, but do not wander. All groups run at the
same time. The clocks are read directly, all of a group for one instant.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from servers import CLIENT_CORE, SERVER_CORE, Process, pinned
from tables import percentile, table

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "lab"))

from timesync_lab.clockfile import ClockFile  # noqa: E402

DRIFTS_PPM = (-50, -20, 5, 35, 50)
GROUP_PORT = 7311
SAMPLE_S = 0.1
DOWN_S = 5  # a killed leader is started again after so long
LATE = len(DRIFTS_PPM) - 1  # the newcomer

TEXT = """\
## How close the clocks of a group are

Groups of five timesyncd on this machine, all at the same time, without a relay, each on a clock file with a
crystal that runs between 50 ppm slow and 50 ppm fast, for {seconds} s after {settle} s. All figures are in
us: the distance between the clock that is furthest ahead and the one that is furthest behind, read ten times
a second. How long a packet takes is up to the machine's scheduler here; `docs/groups-guide.md` has the same
situations simulated, with the delays of networks.

{table}
"""


@dataclass(frozen=True)
class Case:
    """A situation: what happens to the group, and how often."""

    name: str
    cycle_s: int
    kill_every_s: float = 0
    newcomer: bool = False


def cases(size):
    """The situations that there is time for."""
    every = size["kill_every_s"]
    found = [Case("nothing happens", 1), Case(f"the leader is killed every {every} s", 1, every),
             Case("a newcomer 0.9 s off", 1, newcomer=True)]
    return found + [Case("nothing happens", c) for c in size["long_cycles"]]


class Group:
    """The daemons of one group, and their clocks."""

    def __init__(self, bench, stack, directory, number, case):
        self.case, self.values, self.killed = case, [], 0
        self._bench, self._stack, self._directory = bench, stack, directory
        self._hosts = [f"127.0.{number + 1}.{i + 1}" for i in range(len(DRIFTS_PPM))]
        self._daemons, self._again = {}, None  # (when, who): started again
        self._run("group", "keygen", directory / "key")
        for i, drift in enumerate(DRIFTS_PPM):
            offset = "900ms" if case.newcomer and i == LATE else "0"
            self._run("clock", "create", "--offset", offset, "--drift", str(drift),
                      self._path(i, "clock"))
        self._clocks = [ClockFile(self._path(i, "clock")) for i in range(len(DRIFTS_PPM))]
        for i in range(LATE if case.newcomer else len(DRIFTS_PPM)):
            self._start(i)

    def _path(self, i, what):
        return self._directory / f"{i}.{what}"

    def _run(self, *args):
        subprocess.run([self._bench.build / "timesync", *args], check=True, stdout=sys.stderr)

    def _start(self, i):
        members = [word for host in self._hosts for word in ("--member", f"{host}:{GROUP_PORT}")]
        daemon = Process(
            (SERVER_CORE, CLIENT_CORE)[i % 2], self._bench.build / "timesyncd", "-f",
            "--no-rpcbind", "--netid", "udp", "-a", self._hosts[i],
            "--socket", self._path(i, "socket"), "-c", self._path(i, "clock"), "--group", "bench",
            "--key", self._directory / "key", "--group-port", GROUP_PORT, *members,
            "--lease", f"{3 * self.case.cycle_s}s", "--cycle", f"{self.case.cycle_s}s", urgent=True)
        self._daemons[i] = self._stack.enter_context(daemon)

    def _leads(self, i):
        done = subprocess.run(
            [self._bench.build / "timesync", "group", "status", "--json", "--socket",
             self._path(i, "socket")], capture_output=True, text=True, check=False,
            preexec_fn=pinned(CLIENT_CORE))
        return done.stdout and json.loads(done.stdout)["leads"]

    def _kill_leader(self, now):
        leader = next((i for i in self._daemons if self._leads(i)), None)
        if leader is not None:
            for pid in self._daemons.pop(leader).family():
                os.kill(pid, signal.SIGKILL)
            self._again, self.killed = (now + DOWN_S, leader), self.killed + 1

    def act(self, now):
        """Act as the case demands, `now` seconds after the group has settled."""
        if self.case.newcomer and LATE not in self._daemons:
            self._start(LATE)
        if self._again and now >= self._again[0]:
            self._start(self._again[1])
            self._again = None
        every = self.case.kill_every_s
        if every and not self._again and now >= every * (self.killed + 0.5):
            self._kill_leader(now)

    def look(self):
        """Note the distance between the clocks; a newcomer's is not looked at."""
        lines = [clock.line() for clock in self._clocks]
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        errors = [line.error(real) for line in lines[:LATE if self.case.newcomer else None]]
        self.values.append(max(errors) - min(errors))


def measure(bench, size, progress):
    """Of each situation, the distances in ns."""
    with tempfile.TemporaryDirectory(dir=bench.directory) as name, ExitStack() as stack:
        groups = []
        for number, case in enumerate(cases(size)):
            directory = Path(name) / str(number)
            directory.mkdir()
            groups.append(Group(bench, stack, directory, number, case))
        progress(f"{len(groups)} groups: settling for {size['settle_s']} s")
        time.sleep(size["settle_s"])
        progress(f"{len(groups)} groups: watched for {size['watch_s']} s")
        began = time.monotonic()
        while (now := time.monotonic() - began) < size["watch_s"]:
            for group in groups:
                group.act(now)
                group.look()
            time.sleep(SAMPLE_S)
        return [{"name": g.case.name, "cycle_s": g.case.cycle_s, "killed": g.killed,
                 "values": g.values} for g in groups]


def text(measured, size):
    """The table of them."""
    rows = [[f"{m['name']}, cycles of {m['cycle_s']} s",
             *(f"{percentile(m['values'], p) / 1000:.2f}" for p in (50, 95)),
             f"{max(m['values']) / 1000:.2f}"] for m in measured]
    return TEXT.format(seconds=size["watch_s"], settle=size["settle_s"],
                       table=table(["situation", "p50", "p95", "worst"], rows))
