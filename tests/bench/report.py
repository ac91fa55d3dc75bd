#!/usr/bin/python3
"""Make the tables and the picture out of what was measured.

usage: tests/bench/report.py MEASURED.json DIRECTORY
"""

import json
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

PLOT = Path(__file__).resolve().parent / "offsets.gp"
PICTURE = "offsets.svg"
PLOTTED = 400  # points a curve

# What the design asks for.
RATIOS = {"echo": 0.88, "chronyd": 1.15, "stock rpcgen": 1.45}
OFFSET_NS = {"timesync, best of 8": 600, "timesync, interleaved, best of 8": 200}
UNAFFECTED = 0.10
RESIDENT_KIB = 8 * 1024
CONNECTION_KIB = 4

COMMAND = {"full": "make bench", "quick": "make bench QUICK=1"}
SITUATIONS = ("idle", "loaded", "idle connections")


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) * percent // 100, len(values) - 1)]


def table(head, rows):
    """A table in Markdown whose columns line up; the first one is text, the others are figures."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def microseconds(ns):
    return f"{ns / 1000:+.2f}"


def worse(change):
    return f"{abs(change):.1%} {'worse' if change >= 0 else 'better'}"


class Report:
    """The tables, and what they say about the targets."""

    def __init__(self, measured):
        self.m = measured
        self.rate = {name: [r["rate"] for r in rounds]
                     for name, rounds in measured["throughput"].items()}
        self.targets = []

    def ratio(self, name, other):
        """The median of the ratios of each round, or None when the other was not there."""
        if other not in self.rate:
            return None
        return statistics.median(a / b for a, b in zip(self.rate[name], self.rate[other]))

    def target(self, what, value, target, met, missed_by):
        self.targets.append([what, value, target, "met" if met else f"missed by {missed_by}"])

    def at_least(self, what, value, least):
        self.target(what, f"{value:.2f}", f">= {least:.2f}", value >= least,
                    f"{least - value:.2f}")

    def at_most(self, what, value, most, unit):
        self.target(what, f"{value:.2f} {unit}", f"<= {most:g} {unit}", value <= most,
                    f"{value - most:.2f} {unit}")

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
                self.at_least(f"requests/s of {other}", self.ratio("timesyncd", other), least)
            else:
                self.targets.append([f"requests/s of {other}", "not installed", "-", "-"])
        return table(["server", "requests/s", "least", "most", "CPU ns each", "core busy", "lost",
                      "of echo", "of chronyd", "of stock"], rows)

    # --- offsets ---

    def offset_row(self, situation, method, values):
        return [f"{method}, {situation}", len(values),
                *(microseconds(percentile(values, p)) for p in (5, 50, 95, 99))]

    def offsets(self):
        rows = []
        for situation in SITUATIONS:
            for method, values in self.m["offsets"][situation].items():
                if values:
                    rows.append(self.offset_row(situation, method, values))
        for name in ("chronyd", "ntpdig"):
            if not self.m["installed"][name]:
                rows.append([f"{name}: not installed"] + ["-"] * 5)
        for situation in SITUATIONS:
            for method, values in self.m["offsets"][situation].items():
                if method in OFFSET_NS:
                    worst = max(-percentile(values, 5), percentile(values, 95))
                    self.at_most(f"offset error p5 to p95, {method}, {situation}", worst / 1000,
                                 OFFSET_NS[method] / 1000, "us")
        return table(["offset error in us", "n", "p5", "p50", "p95", "p99"], rows)

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
        """What is resident in all its processes together, KiB."""
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
        return table([f"{n:,} idle TCP connections", "without", "with", "after", "that is"], rows)

    def connection_targets(self, each, kept):
        for key, what in (("rate", "UDP requests/s"), ("new_ns", "time of a new TCP client")):
            worse = self.change("timesyncd", key)
            self.at_most(f"{what}: worse with idle connections", 100 * worse, 100 * UNAFFECTED, "%")
        self.at_most("memory of an idle connection", each, CONNECTION_KIB, "KiB")
        self.at_most("of that, kept when it is closed", kept, CONNECTION_KIB / 10, "KiB")

    # --- memory ---

    def memory(self):
        rows = [[name, f"{size['largest']:,}", f"{size['all']:,}", f"{size['once']:,}"]
                for name, size in self.m["memory"].items()]
        self.at_most("resident in a process, idle", self.m["memory"]["timesyncd"]["largest"] / 1024,
                     RESIDENT_KIB / 1024, "MiB")
        return table(["resident in KiB, idle", "largest process", "all", "shared pages once"], rows)

    def verdicts(self):
        """Last, when every other table has been made."""
        return table(["target", "measured", "wanted", "so"], self.targets)

    def machine(self):
        m = self.m["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in m["versions"].items())
        text = (f"{m['cpu']}, {m['cores']} cores (the server on core {self.m['cores'][0]}, its "
                f"clients on core {self.m['cores'][1]}); Linux {m['kernel']}, {m['distribution']}; "
                f"{versions}. The run took {self.m['seconds']} s; meanwhile other programs used "
                f"{m['others_percent']:.0f} % of the machine, and {m['stolen_percent']:.1f} % was "
                "taken from it as a virtual one.")
        return textwrap.fill(text, 100)

    def background(self):
        """How many requests a second the background load got answered, and lost."""
        loads = self.m["backgrounds"]
        answered = sum(b["received"] for b in loads) / sum(b["seconds"] for b in loads)
        lost = 1 - sum(b["received"] for b in loads) / sum(b["sent"] for b in loads)
        return f"{answered:,.0f} were answered, {lost:.2%} lost"

    def text(self):
        m = self.m
        parts = {
            "throughput": self.throughput(), "offsets": self.offsets(),
            "connections": self.connections(), "memory": self.memory(),
        }
        return TEXT.format(command=COMMAND[m["how"]], machine=self.machine(),
                           rounds=m["size"]["rounds"], seconds=m["size"]["seconds"],
                           background=f"{m['background']:,}",
                           answered=self.background(), connections_n=f"{m['size']['connections']:,}",
                           picture=PICTURE, verdicts=self.verdicts(), **parts)


TEXT = """\
# How fast, and how right

Made by `{command}`, which makes it again. Only figures of one run can be compared: the
times of another machine will be others, and those of a busy one worse. The servers, and all that
loads them, have real-time priority, so that other work on the machine disturbs them little; but not
the clients that measure offsets.

{machine}

## The targets

{verdicts}

## Requests a second, one core

GET_TIMESTAMPS over UDP on the loopback, 48 octets either way, 64 under way: medians of {rounds}
rounds of {seconds} s, in which the servers take turns; ratios are medians of the rounds' ratios.

- *echo* only sends everything back, in batches: what the kernel lets anyone do. *With stamps* it
  also asks the kernel when a message came, and reads the clock.
- *timesyncd* serves one address; on all addresses it must also learn which one was asked.
- *chronyd* gets NTP requests, also 48 octets.
- *stock rpcgen* is the main program that rpcgen makes, on libtirpc's own transports.

{throughput}

## Offsets, on one clock

Server and client read the same clock, so the true offset is 0 and all that is measured is error.
*idle*: nobody else asks. *loaded*: {background} other requests a second come ({answered}).

- *timesync* is run anew for each offset. *interleaved*: the kernels say when packets really left.
- *chronyd*: a second one measures 64 times a second, by `minpoll -6 noselect`, and of every 8
  measurements the one of least delay counts, as in our burst of 8; but its exchanges come one by
  one, each to caches gone cold.
- *ntpdig* takes 8 samples and rounds to 1 us.

{offsets}

![Distribution of the offsets]({picture})

## Many idle connections

{connections_n} clients that have called once over TCP stay connected, all from one address. The new
client connects, calls and gets its answer. What the kernel itself holds for the sockets is not
counted, and is the same for every server.

{connections}

## Memory

{memory}
"""


def curves(offsets):
    """Each method's offsets in us against the share of them that is less, as gnuplot's blocks."""
    blocks = []
    for situation in ("idle", "loaded"):
        for method, values in offsets[situation].items():
            values = sorted(values)
            lines = [f'"{method}"']
            for i in range(min(PLOTTED, len(values))):
                at = i * len(values) // min(PLOTTED, len(values))
                lines.append(f"{values[at] / 1000:.3f} {100 * at / len(values):.2f}")
            blocks.append("\n".join(lines))
    return "\n\n\n".join(blocks)


def draw(measured, path):
    offsets = measured["offsets"]
    script = (f"$curves << EOD\n{curves(offsets)}\nEOD\n"
              f"idle = {len(offsets['idle'])}\nloaded = {len(offsets['loaded'])}\n"
              + PLOT.read_text(encoding="ascii"))
    try:
        with open(path, "wb") as picture:
            subprocess.run(["gnuplot"], input=script.encode(), stdout=picture, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"No picture: {error}", file=sys.stderr)
        path.unlink()


def write(raw, directory):
    """Print the tables, and put them and the picture into the directory."""
    measured = json.loads(Path(raw).read_text(encoding="utf-8"))
    text = Report(measured).text()
    print(text)
    (directory / "RESULTS.md").write_text(text, encoding="utf-8")
    draw(measured, directory / PICTURE)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
