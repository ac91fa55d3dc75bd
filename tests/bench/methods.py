#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How right is each method on a bad network? Queries through the relay, against the exact truth.

usage: tests/bench/methods.py [--build DIR] [--runs N]

Prints docs/accuracy.md; tests/system/test_accuracy.py does the same on a small scale. Server and
client have a clock file each. One is exactly TRUTH ahead of the other for ever, so the error of
every offset is known to the nanosecond. Sets nothing: it only queries, a server of its own,
over the loopback. Ends with exit status 1 if an error is larger than the bound that was printed with
it.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests"))

from runner.privilege import DROPPED, give_up_setting_the_clock  # noqa: E402

METHODS = ("mean", "cristian", "ntp", "minimum")
SERVER_OFFSET, CLIENT_OFFSET, TRUTH_NS = "1.7s", "-0.8s", 2_500_000_000
TIMEOUT_MS = 50

# Name, what the relay does (None: there is none), how that is put in words, and how many queries are
# made at a time, while most of them wait.
Setting = namedtuple("Setting", "name relay words at_once")
SETTINGS = (
    Setting("direct", None, "without the relay, which adds its own delay in both directions", 1),
    Setting("clean", [], "the relay passes everything on at once", 1),
    Setting("jitter", ["--delay", "0..5ms"],
            "each packet is delayed by a random time from 0 to 5 ms, in both directions", 8),
    Setting("loss", ["--drop", "20"], "20 % of the packets are lost in each direction", 12),
    Setting("asymmetry", ["--delay-to-server", "2ms", "--delay-to-client", "8ms"],
            "2 ms to the server, 8 ms back", 16),
)

Answer = namedtuple("Answer", "error bound lost sent")  # ns, ns, and calls


class Network:
    """A server, the relay in front of it and a client's clock; ended by `with`."""

    def __init__(self, build, setting):
        self.build, self.setting, self.stack = build, setting, ExitStack()

    def __enter__(self):
        with self.stack:
            directory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="timesync-"))
            self.clock = self.make_clock(directory, "client", CLIENT_OFFSET)
            served = self.make_clock(directory, "server", SERVER_OFFSET)
            server = self.start(
                ["timesyncd", "-f", "--no-rpcbind", "--netid", "udp", "--address", "127.0.0.1",
                 "-c", served, "--socket", f"{directory}/socket"], "stderr", r"serving udp (\S+)$")
            self.address = server if self.setting.relay is None else self.start(
                ["lab/relay", "--listen", "127.0.0.1", "--to", server, *self.setting.relay],
                "stdout", r"listening on (\S+)$")
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def make_clock(self, directory, name, offset):
        path = os.path.join(directory, name)
        subprocess.run([self.build / "timesync", "clock", "create", f"--offset={offset}", path],
                       check=True)
        return path

    def start(self, argv, stream, says):
        """Start one of our programs. The line with its address."""
        process = self.stack.enter_context(subprocess.Popen(
            [self.build / argv[0], *argv[1:]], text=True, stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.DEVNULL, stream: subprocess.PIPE}))
        self.stack.callback(process.terminate)
        said = []
        for line in getattr(process, stream):
            said.append(line)
            found = re.search(says, line.rstrip())
            if found:
                return found[1]
        raise RuntimeError(f"{argv[0]} says: {''.join(said)}")

    def query(self, method):
        """One query: an Answer, or None if too much was lost for one."""
        done = subprocess.run(
            [self.build / "timesync", "query", "--json", "--method", method, "--timeout", f"{TIMEOUT_MS}ms",
             "--clock", self.clock, self.address], capture_output=True, text=True, check=False)
        if done.returncode == 1:
            return None
        if done.returncode != 0:
            raise RuntimeError(f"timesync ended with {done.returncode}: {done.stderr}")
        answer = json.loads(done.stdout)
        return Answer(ns(answer["offset_s"]) - TRUTH_NS, ns(answer["max_error_s"]),
                      answer["rounds"]["lost"], answer["rounds"]["sent"])

    def queries(self, method, runs):
        with ThreadPoolExecutor(self.setting.at_once) as pool:
            return list(pool.map(lambda _: self.query(method), range(runs)))


def ns(seconds):
    return int(Decimal(repr(seconds)).scaleb(9))


def percentile(values, percent):
    """The nearest rank."""
    values = sorted(values)
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def outside(answers):
    """How many errors are larger than their bound."""
    return sum(abs(a.error) > a.bound for a in answers)


def microseconds(value):
    return f"{value / 1000:,.2f}"


def row(method, results):
    """A line of a table."""
    answers = [a for a in results if a]
    if not answers:
        raise RuntimeError(f"{method}: no query had an answer")
    errors = [a.error for a in answers]
    cells = [method, *(microseconds(percentile(errors, p)) for p in (5, 50, 95)),
             microseconds(max(map(abs, errors))),
             microseconds(percentile([a.bound for a in answers], 50)),
             str(outside(answers)), str(len(results) - len(answers))]
    return f"| {' | '.join(cells)} |\n"


HEAD = """\
# The accuracy of each method

{how}

Server and client each have a clock file, and the server's is always exactly 2.5 s ahead of the
client's. So the true offset is known to the nanosecond, and the error is the result of `timesync
query` minus the true offset. A positive error means that the result is too slow. All runs on the
loopback of one machine; in all settings but the first, `lab/relay` stands between client and server.
A query makes five rounds, waits {timeout} for each, and tries up to ten. `timesync compare` shows every
method on the same rounds with one server; this table shows many queries, each with its own rounds.

All figures except those of the last two columns are in microseconds:

* *p5*, *median*, *p95*: 5, 50 and 95 % of the queries had this error or a lower one.
* *largest*: the largest error in size.
* *bound*: the median of the bounds, which are printed after `+/-`.
* *beyond*: the number of errors larger than the bound printed with them.
* *no answer*: the number of queries that ended with exit status 1, because too much was lost.
"""

HOW = (
    "Made by `make accuracy`: {runs:,} queries for each method in each setting, {total:,} in all, in "
    "{minutes:.1f} minutes, on {processors} processors under Linux {kernel}. Another run gives "
    "other figures, because other programs delay packets as well. But no error may be beyond its "
    "bound: the command fails if one is.")

TABLE = """
## {name}: {words}

Queries at a time: {at_once}.

| method | p5 | median | p95 | largest | bound | beyond | no answer |
|---|--:|--:|--:|--:|--:|--:|--:|
{rows}"""

TAIL = """
## What the figures show

* The error comes from the difference between the delays of the two directions, which no method can
  see. With 2 ms to the server and 8 ms back, all methods are wrong by about half of that difference,
  and every bound covers it.
* `ntp` and `minimum` choose the exchange, or the delay in each direction, that the network disturbed
  least: without the relay, by a fraction of a microsecond. So does `cristian`, but GET_TIME returns
  only one time, so the server's processing time counts as a part of the delay.
* `mean` takes the mean delay of all rounds for that of the one GET_TIME, whatever its own delay was.
  It is the default because it is the classroom exercise.
* Loss costs time only: a lost round is never measured, and another one is made. If the errors are
  larger here than in the first setting, the reason is that several queries at a time delay each
  other; `mean` shows this most, since one slow round counts.
"""


def document(build, runs):
    """The text of docs/accuracy.md, and how many errors are beyond their bound."""
    started, tables, beyond = time.monotonic(), "", 0
    for setting in SETTINGS:
        with Network(build, setting) as network:
            results = {method: network.queries(method, runs) for method in METHODS}
        beyond += sum(outside([a for a in r if a]) for r in results.values())
        tables += TABLE.format(name=setting.name.capitalize(), words=setting.words,
                               at_once=setting.at_once,
                               rows="".join(row(m, r) for m, r in results.items()))
    how = HOW.format(runs=runs, total=runs * len(METHODS) * len(SETTINGS),
                     minutes=(time.monotonic() - started) / 60, processors=os.cpu_count(),
                     kernel=".".join(platform.release().split(".")[:2]))
    head = HEAD.format(how=textwrap.fill(how, 100), timeout=f"{TIMEOUT_MS} ms")
    return head + tables + TAIL, beyond


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2], add_help=False)
    parser.add_argument("-h", "--help", action="help")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument(DROPPED, action="store_true")
    args = parser.parse_args()
    give_up_setting_the_clock()
    text, beyond = document(args.build.resolve(), args.runs)
    print(text, end="")
    if beyond:
        print(f"methods: {beyond} errors are larger than their bound", file=sys.stderr)
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
