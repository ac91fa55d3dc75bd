# SPDX-License-Identifier: BSD-3-Clause
"""A command from its start to its end: how long it takes, how much CPU, and how many packets."""

import os
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

from servers import CLIENT_CORE, HOST, installed
from tables import table

WARM_UPS = 2
OURS = "timesync query"

TEXT = """\
## A measurement by a command

From the start of the process to its end, on the loopback, against timesyncd and against chronyd: medians of
{n} runs in turn. None sets a clock. *packets* are those of calls and replies together.

- *timesync query* makes a NULL call, five GET_TIMESTAMPS and a GET_TIME; with `-n 1`, one GET_TIMESTAMPS.
- *ntpdig* and *rdate -n* make one exchange, and *chronyd -Q* ends after the first, by `maxsamples 1`.

{table}
"""


def commands(bench, server, directory):
    """name -> what to run."""
    timesync, at = bench.build / "timesync", f"{HOST}:{server.port}"
    ours = {OURS: (), f"{OURS} -n 1": ("-n", "1", "-m", "minimum"),
            f"{OURS} --key": ("--key", bench.key())}
    found = {name: [timesync, "query", *options, at] for name, options in ours.items()}
    if installed("chronyd"):
        found["chronyd -Q"] = [
            installed("chronyd"), "-Q", "-t", "3", f"server {HOST} iburst maxsamples 1", "port 0",
            "cmdport 0", "user root", f"pidfile {directory}/query-pid"]
    if installed("ntpdig"):
        found["ntpdig"] = [installed("ntpdig"), HOST]
    if installed("rdate"):
        found["rdate -n"] = [installed("rdate"), "-n", "-p", HOST]
    return {name: [str(word) for word in words] for name, words in found.items()}


def packets():
    """How many the loopback has carried so far."""
    for line in Path("/proc/net/dev").read_text(encoding="ascii").splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "lo":
            return int(counts.split()[1])
    raise SystemExit("bench: no loopback")


@contextmanager
def on_clients_core():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE})
    yield
    os.sched_setaffinity(0, before)


def run(words):
    """(wall ns, CPU ns, packets) of one run."""
    null = os.open(os.devnull, os.O_RDWR)
    quiet = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)]
    carried, started = packets(), time.perf_counter_ns()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    took = time.perf_counter_ns() - started
    os.close(null)
    if status != 0:
        raise SystemExit(f"bench: {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return took, round((used.ru_utime + used.ru_stime) * 1e9), packets() - carried


def measure(bench, server, n):
    """name -> the runs; a server of NTP has to be there too."""
    found = {}
    with on_clients_core():
        all_of = commands(bench, server, bench.directory)
        for number in range(WARM_UPS + n):
            for name, words in all_of.items():
                this = run(words)
                if number >= WARM_UPS:
                    found.setdefault(name, []).append(this)
    return found


def text(measured, targets):
    medians = {name: [statistics.median(column) for column in zip(*runs)]
               for name, runs in measured.items()}
    others = [m for name, m in medians.items() if not name.startswith(OURS)]
    for place, what in enumerate(("wall time", "CPU time")):
        if others:
            ratio = medians[OURS][place] / min(other[place] for other in others)
            targets.at_most(f"{what} of timesync query, of the best other command", ratio, 1)
        else:
            targets.not_measured(f"{what} of timesync query", "no other is installed")
    rows = [[name, f"{wall / 1e6:.2f}", f"{cpu / 1e6:.2f}", f"{count:g}"]
            for name, (wall, cpu, count) in medians.items()]
    return TEXT.format(n=len(measured[OURS]),
                       table=table(["command", "wall ms", "CPU ms", "packets"], rows))
