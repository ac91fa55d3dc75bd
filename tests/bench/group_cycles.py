# SPDX-License-Identifier: BSD-3-Clause
"""What a cycle of a group's leader takes, in groups of several sizes.

The leader is a real daemon, on the server's core; all others are played on the clients' core, by
the processes that the system tests use as well.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import CLIENT_CORE, SERVER_CORE, Process, cpu_ns, pinned

sys.path.append(str(Path(__file__).resolve().parent.parent / "system"))

from crowd import GROUP, HOST, OWN_PORT, Crowd, agent_of, resident_kib, timeout_s  # noqa: E402

SIZES = ((10, 1), (100, 10), (1000, 100), (1000, 0))  # members, and how many of them are dead
LEASE = 1.5  # of a cycle: a leader sends six heartbeats in a lease
HEARTBEATS = 6 / LEASE
PATIENCE_S = 30
LOOK_S = 0.1
SETTLE_S = 0.3  # the last answers of a cycle come when it has ended


class Leader(Process):
    """The daemon of one member, and its group's leader to be."""

    def __init__(self, bench, directory, crowd, cycle_s):
        self.crowd = crowd
        self.status_command = [bench.build / "timesync", "group", "status", "--json", "--socket",
                               directory / "socket"]
        members = [word for m in [crowd.own, *crowd.others] for word in ("--member", m)]
        super().__init__(
            SERVER_CORE, bench.build / "timesyncd", "-f", "--no-rpcbind", "--netid", "udp",
            "-a", HOST, "--socket", directory / "socket", "-c", directory / "clock",
            "--group", GROUP, "--key", directory / "key", "--group-port", OWN_PORT, *members,
            "--lease", f"{LEASE * cycle_s:.3f}s", "--cycle", f"{cycle_s}s",
            "--max-bound", "10s")

    def last_cycle(self):
        """The last one that has come to its end, or None."""
        done = subprocess.run(self.status_command, capture_output=True, text=True, check=False,
                              preexec_fn=pinned(CLIENT_CORE))
        return self.crowd.cycle(json.loads(done.stdout)) if done.stdout else None

    def next_cycle(self, last):
        """Wait until there is a cycle besides the last one."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.popen.poll() is None:
            cycle = self.last_cycle()
            if cycle and (not last or cycle.number > last.number):
                return cycle
            time.sleep(LOOK_S)
        raise SystemExit(f"bench: a group has no cycle: {self.output()}")

    def cycles(self, n, cycle_s):
        """The next `n` cycles, and the agent's CPU time from one to the next, without that for
        being asked."""
        agent = agent_of(self.popen.pid)
        time.sleep(SETTLE_S)
        last, began, found = self.last_cycle(), time.monotonic(), []
        for i in range(n):
            before = cpu_ns(agent)
            time.sleep(max(0, began + (i + 1) * cycle_s - time.monotonic()))
            spent = cpu_ns(agent) - before
            cycle = self.next_cycle(last)
            found.append({"took_s": cycle.took_s, "slowest_s": cycle.slowest_s,
                          "corrected": cycle.corrected, "cpu_ns": spent})
            last = cycle
        return found


def prepare(bench, directory):
    for command in (["group", "keygen", directory / "key"],
                    ["clock", "create", directory / "clock"]):
        subprocess.run([bench.build / "timesync", *command], check=True, stdout=sys.stderr)


def measure_group(bench, members, dead, size):
    cycle_s = size["cycle_s"]
    with tempfile.TemporaryDirectory(dir=bench.directory) as name:
        directory = Path(name)
        prepare(bench, directory)
        with (Crowd(directory / "key", members - 1 - dead, dead,
                    pinned(CLIENT_CORE, urgent=True)) as crowd,
              Leader(bench, directory, crowd, cycle_s) as leader):
            leader.next_cycle(None)
            with leader.urgent():
                cycles = leader.cycles(size["cycles"], cycle_s)
            agent = agent_of(leader.popen.pid)
            return {"members": members, "dead": dead, "live": crowd.live, "cycles": cycles,
                    "timeout_s": timeout_s(cycle_s), "resident_kib": resident_kib(agent),
                    "private_kib": resident_kib(agent, "RssAnon")}


def measure(bench, size, progress):
    """The measurements of each group, and the number of heartbeats in a cycle."""
    found = []
    for members, dead in SIZES:
        progress(f"groups: {members} members, {dead} dead")
        found.append(measure_group(bench, members, dead, size))
    return {"of": found, "heartbeats": HEARTBEATS}
