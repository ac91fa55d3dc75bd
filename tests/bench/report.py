#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make the tables and the picture out of the measurements.

usage: tests/bench/report.py MEASURED.json DIRECTORY
"""

import json
import statistics
import sys
import textwrap
from pathlib import Path

import commands
import group_spread
import group_tables
import picture
from tables import Targets, microseconds, percentile, table, worse

PICTURE = "offsets.svg"

# What the design asks for.
RATIOS = {"echo": 0.88, "chronyd": 1.15, "stock rpcgen": 1.45}
OFFSET_NS = {"timesync, best of 8": 600, "timesync, interleaved, best of 8": 200}
KEYED_RATIO = 1.0
UNAFFECTED = 0.10
RESIDENT_KIB = 8 * 1024
CONNECTION_KIB = 4
NOW = 1.3

# What can be measured alone.
SECTIONS = ("throughput", "offsets", "connections", "groups", "spread", "commands", "now")
COMMAND = {"full": "make bench", "quick": "make bench QUICK=1"}
WHOLE = "Made by `{command}`, which makes it again."
PART = "A part of the benchmark, made by `{command} BENCH='{names}'` and kept nowhere."
CARE = (
    "Only figures of one run can be compared: the times of another machine will be others, and "
    "those of a busy one worse. The servers, and all that loads them, have real-time priority, so "
    "that other work on the machine disturbs them little; but not the clients that measure "
    "offsets.")
WITH_CONNECTIONS = "idle connections"
SITUATIONS = ("idle", "loaded", WITH_CONNECTIONS)


class Report:
    """The tables, and what they say about the targets."""

    def __init__(self, measured):
        self.m = measured
        self.rate = {name: [r["rate"] for r in rounds]
                     for name, rounds in measured.get("throughput", {}).items()}
        self.targets = Targets()

    def ratio(self, name, other):
        """The median of the ratios of each round, or None when the other was not there."""
        if other not in self.rate:
            return None
        return statistics.median(a / b for a, b in zip(self.rate[name], self.rate[other]))

    # --- requests a second ---

    def throughput(self):
        rows = []
        for name, rounds in self.m["throughput"].items():
            ratios = [self.ratio(name, other) for other in RATIOS]
            rows.append([name, f"{statistics.median(self.rate[name]):,.0f}",
                         f"{min(self.rate[name]):,.0f}", f"{max(self.rate[name]):,.0f}",
                         f"{statistics.median(r['cpu_ns'] for r in rounds):,.0f}",
                         f"{statistics.median(r['busy'] for r in rounds):.0%}",
                         sum(r["lost"] for r in rounds),
                         *("-" if r is None else f"{r:.2f}" for r in ratios)])
        if not self.m["installed"]["chronyd"]:
            rows.append(["chronyd", "not installed"] + ["-"] * 8)
        for other, least in RATIOS.items():
            if other in self.rate:
                self.targets.at_least(f"requests/s of {other}", self.ratio("timesyncd", other),
                                      least)
            else:
                self.targets.not_measured(f"requests/s of {other}", "not installed")
        keyed = self.ratio("timesyncd, key", "chronyd, key")
        if keyed:
            self.targets.at_least("requests/s with a key, of chronyd with one", keyed, KEYED_RATIO)
        head = ["server", "requests/s", "least", "most", "CPU ns each", "core busy", "lost",
                "of echo", "of chronyd", "of stock"]
        return THROUGHPUT.format(rounds=self.m["size"]["rounds"],
                                 seconds=self.m["size"]["seconds"], table=table(head, rows))

    # --- offsets ---

    def offset_row(self, situation, method, values):
        return [f"{method}, {situation}", len(values),
                *(microseconds(percentile(values, p)) for p in (5, 50, 95, 99))]

    def offset_table(self, situations):
        measured = [(situation, method, values) for situation in situations
                    for method, values in self.m["offsets"][situation].items()]
        for situation, method, values in measured:
            if method in OFFSET_NS:
                error = max(-percentile(values, 5), percentile(values, 95))
                self.targets.at_most(f"offset error p5 to p95, {method}, {situation}",
                                     error / 1000, OFFSET_NS[method] / 1000, "us")
        rows = [self.offset_row(*row) for row in measured if row[-1]]
        for name in ("chronyd", "ntpdig"):
            if not self.m["installed"][name]:
                rows.append([f"{name}: not installed"] + ["-"] * 5)
        return table(["offset error in us", "n", "p5", "p50", "p95", "p99"], rows)

    def offsets(self):
        situations = [s for s in SITUATIONS if s in self.m["offsets"]]
        return OFFSETS.format(background=f"{self.m['background']:,}", answered=self.background(),
                              table=self.offset_table(situations),
                              picture="" if self.partial else f"\n{SEE_PICTURE}")

    def background(self):
        """How many requests a second the background load got answered, and lost."""
        loads = self.m["backgrounds"]
        answered = sum(b["received"] for b in loads) / sum(b["seconds"] for b in loads)
        lost = 1 - sum(b["received"] for b in loads) / sum(b["sent"] for b in loads)
        return f"{answered:,.0f} were answered, {lost:.2%} lost"

    # --- idle connections ---

    def median_of(self, name, key, when):
        return statistics.median(r[when][key] for r in self.m["connections_of"][name])

    def change(self, name, key):
        """How much worse it is with the connections than without, median over the rounds."""
        pairs = [(r["without"][key], r["with"][key]) for r in self.m["connections_of"][name]]
        if key == "rate":
            return statistics.median(1 - b / a for a, b in pairs)
        return statistics.median(b / a - 1 for a, b in pairs)

    def resident(self, name, when):
        """The resident memory of all its processes together, KiB."""
        return statistics.median(r[when]["memory"]["all"] for r in self.m["connections_of"][name])

    def connections(self):
        rows = []
        n = self.m["size"]["connections"]
        for name in self.m["connections_of"]:
            for key, what, scale in (("rate", "UDP requests/s", 1),
                                     ("new_ns", "new TCP client, us", 1000)):
                rows.append([f"{name}: {what}",
                             *(f"{self.median_of(name, key, when) / scale:,.0f}"
                               for when in ("without", "with", "after")),
                             worse(self.change(name, key))])
            sizes = [self.resident(name, when) for when in ("without", "with", "after")]
            each = (sizes[1] - sizes[0]) / n
            rows.append([f"{name}: resident, KiB", *(f"{size:,.0f}" for size in sizes),
                         f"{each:.2f} KiB each"])
            if name == "timesyncd":
                self.connection_targets(each, (sizes[2] - sizes[0]) / n)
        head = [f"{n:,} idle TCP connections", "without", "with", "after", "that is"]
        tables = [table(head, rows)]
        if "offsets" not in self.m["seconds_of"]:  # otherwise it stands beside the others
            tables.append(self.offset_table([WITH_CONNECTIONS]))
        return CONNECTIONS.format(n=f"{n:,}", table="\n\n".join(tables))

    def connection_targets(self, each, kept):
        for key, what in (("rate", "UDP requests/s"), ("new_ns", "time of a new TCP client")):
            self.targets.at_most(f"{what}: worse with idle connections",
                                 100 * self.change("timesyncd", key), 100 * UNAFFECTED, "%")
        self.targets.at_most("memory of an idle connection", each, CONNECTION_KIB, "KiB")
        self.targets.at_most("of that, kept when it is closed", kept, CONNECTION_KIB / 10, "KiB")

    # --- memory ---

    def memory(self):
        rows = [[name, f"{size['largest']:,}", f"{size['all']:,}", f"{size['once']:,}"]
                for name, size in self.m["memory"].items()]
        self.targets.at_most("resident in a process, idle",
                             self.m["memory"]["timesyncd"]["largest"] / 1024, RESIDENT_KIB / 1024,
                             "MiB")
        return MEMORY.format(table=table(
            ["resident in KiB, idle", "largest process", "all", "shared pages once"], rows))

    # --- all of it ---

    def groups(self):
        return group_tables.text(self.m["groups"], self.targets)

    def spread(self):
        return group_spread.text(self.m["spread"], self.m["size"])

    def commands(self):
        return commands.text(self.m["commands"], self.targets)

    # --- libtimesync ---

    def now(self):
        rounds = self.m["now"]
        ratio = statistics.median(now / gettime for gettime, now in rounds)
        self.targets.at_most("timesync_now(), of clock_gettime()", ratio, NOW)
        rows = [[name, f"{statistics.median(values):.1f}"]
                for name, values in zip(("clock_gettime()", "timesync_now()"), zip(*rounds))]
        return NOW_TEXT.format(rounds=len(rounds), ratio=f"{ratio:.2f}",
                               table=table(["call", "ns"], rows))

    def made(self):
        said = (PART if self.partial else WHOLE).format(
            command=COMMAND[self.m["how"]], names=" ".join(self.m["seconds_of"]))
        return textwrap.fill(f"{said} {CARE}", 100)

    def machine(self):
        m = self.m["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in m["versions"].items())
        parts = ", ".join(f"{name} {seconds}" for name, seconds in self.m["seconds_of"].items())
        text = (f"{m['cpu']}, {m['cores']} cores (the server on core {self.m['cores'][0]}, its "
                f"clients on core {self.m['cores'][1]}); Linux {m['kernel']}, {m['distribution']}; "
                f"{versions}. The run took {self.m['seconds']} s ({parts}); meanwhile other "
                f"programs used {m['others_percent']:.0f} % of the machine, and "
                f"{m['stolen_percent']:.1f} % was taken from it as a virtual one.")
        return textwrap.fill(text, 100)

    @property
    def partial(self):
        return set(self.m["seconds_of"]) != set(SECTIONS)

    def text(self):
        makers = {"throughput": self.throughput, "offsets": self.offsets,
                  "connections": self.connections, "groups": self.groups,
                  "spread": self.spread, "commands": self.commands, "now": self.now}
        parts = [makers[name]() for name in SECTIONS if name in self.m["seconds_of"]]
        if "memory" in self.m:
            parts.append(self.memory())
        head = HEAD.format(made=self.made(), machine=self.machine(), verdicts=self.targets.text())
        return "\n".join([head, *parts])


HEAD = """\
# How fast, and how right

{made}

{machine}

## The targets

{verdicts}
"""

THROUGHPUT = """\
## Requests a second, one core

GET_TIMESTAMPS over UDP on the loopback, 48 octets either way, 64 under way: medians of {rounds}
rounds of {seconds} s, in which the servers take turns; ratios are medians of the rounds' ratios.

- *echo* only sends everything back, in batches. *With stamps* it also asks the kernel when a message
  came, and reads the clock, and its socket is set up as timesyncd's.
- *timesyncd* serves one address; on all addresses it must also learn which one was asked.
- *chronyd* gets NTP requests, also 48 octets.
- *key*: calls and replies carry a MAC. timesyncd's are HMAC-SHA256 in 100 octets either way, chronyd's SHA-256
  over key and packet, cut to 20 octets, in 72.
- *stock rpcgen* is the main program that rpcgen makes, on libtirpc's own transports.

{table}
"""

OFFSETS = """\
## Offsets, on one clock

Server and client read the same clock, so the true offset is 0 and all that is measured is error.
*idle*: nobody else asks. *loaded*: {background} other requests a second come ({answered}).

- *timesync* is run anew for each offset. *interleaved*: the kernels say when packets really left.
- *chronyd*: a second one measures 64 times a second, by `minpoll -6 noselect`, and of every 8
  measurements the one of least delay counts, as in our burst of 8; but its exchanges come one by
  one, each to caches gone cold.
- *ntpdig* takes 8 samples and rounds to 1 us.

{table}
{picture}"""
SEE_PICTURE = f"![Distribution of the offsets]({PICTURE})\n"

CONNECTIONS = """\
## Many idle connections

{n} clients that have called once over TCP stay connected, all from one address. The new
client connects, calls and gets its answer. What the kernel itself holds for the sockets is not
counted, and is the same for every server.

{table}
"""

NOW_TEXT = """\
## The time with a bound

The cost of a reading for a program: medians of {rounds} rounds, each the least of 400 batches
of 500 calls. The ratio is {ratio}.

{table}
"""

MEMORY = """\
## Memory

{table}
"""


def write(raw, directory):
    """Print the tables. Those of a whole run go into the directory as well, with the picture."""
    measured = json.loads(Path(raw).read_text(encoding="utf-8"))
    report = Report(measured)
    text = report.text()
    print(text)
    if not report.partial:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "RESULTS.md").write_text(text, encoding="utf-8")
        picture.draw(measured["offsets"], directory / PICTURE)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
