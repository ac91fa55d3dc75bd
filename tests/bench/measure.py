#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measure, and print it as JSON. tests/bench/run starts this in namespaces of its own.

usage: tests/bench/measure.py BUILD quick|full SECTION...
"""

import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack

import commands
import group_cycles
import group_spread
import machine
import offsets
from servers import CLIENT_CORE, SERVER_CORE, Bench, installed

# How much of everything.
SIZES = {
    "full": {"rounds": 25, "seconds": 0.7, "queries": 200, "query_rounds": 3, "digs": 20,
             "chrony_s": 12, "idle_rounds": 9, "new_clients": 2000, "connections": 10_000,
             "cycles": 5, "cycle_s": 3, "now_rounds": 25, "commands": 50,
             "settle_s": 300, "watch_s": 300, "kill_every_s": 60, "long_cycles": [10]},
    "quick": {"rounds": 3, "seconds": 0.4, "queries": 60, "query_rounds": 1, "digs": 5,
              "chrony_s": 2, "idle_rounds": 1, "new_clients": 500, "connections": 2_000,
              "cycles": 1, "cycle_s": 1.2, "now_rounds": 5, "commands": 5,
              "settle_s": 20, "watch_s": 20, "kill_every_s": 10, "long_cycles": []},
}
BACKGROUND = 100_000  # requests/s
MANY = ("--max-connections", 20_000, "--max-per-address", 20_000, "--idle-timeout", "1h")
WARM_UP_S = 0.2

BEST = ("-m", "ntp", "-n", offsets.BURST)
QUERIES = {
    "timesync, best of 8": BEST,
    "timesync, interleaved, best of 8": ("--interleaved", *BEST),
    "timesync, mean of 5": (),
}


def progress(text):
    print(f"[{time.monotonic() - STARTED:4.0f} s] {text}", file=sys.stderr, flush=True)


STARTED = time.monotonic()


def contestants(bench):
    """name -> how to start it."""
    found = {
        "echo": bench.echo,
        "echo with stamps": lambda: bench.echo("stamps"),
        "timesyncd": bench.timesyncd,
        "timesyncd, all addresses": lambda: bench.timesyncd(address=None),
        "timesyncd, key": bench.keyed_timesyncd,
        "stock rpcgen": bench.stock,
    }
    if installed("chronyd"):
        found["chronyd"] = bench.chronyd
        found["chronyd, key"] = bench.keyed_chronyd
    return found


def measure_throughput(bench, size):
    """name -> a list of measurements, one each round; and its memory, idle."""
    loads, memory = {}, {}
    servers = contestants(bench)
    for number in range(size["rounds"]):
        progress(f"requests/s: round {number + 1} of {size['rounds']}")
        for name, start in servers.items():
            with start() as server:
                memory[name] = server.memory_kib()
                bench.load(server, WARM_UP_S)
                loads.setdefault(name, []).append(bench.load(server, size["seconds"]))
    return loads, memory


def measure_offsets(bench, size):
    """situation -> method -> offsets in ns; and what became of the background loads."""
    found, backgrounds = {}, []

    def add(situation, method, values):
        found.setdefault(situation, {}).setdefault(method, []).extend(values)

    def measure_timesync(server, situation):
        for method, options in QUERIES.items():
            add(situation, method, offsets.timesync(bench, server, options, size["queries"]))

    def measure_others(_, situation):
        if installed("ntpdig"):
            add(situation, "ntpdig, 8 samples", offsets.ntpdig(size["digs"]))
        for mode, values in offsets.chronyd(bench, size["chrony_s"]).items():
            add(situation, f"chronyd, {mode}, best of 8", values)

    pairs = [(bench.timesyncd, measure_timesync)]
    if installed("chronyd"):
        pairs.append((bench.chronyd, measure_others))
    for number in range(size["query_rounds"]):
        for start, measure in pairs:
            with start() as server, server.urgent():
                where = f"round {number + 1} of {size['query_rounds']}, {server.name}"
                progress(f"offsets: {where}, idle")
                measure(server, "idle")
                progress(f"offsets: {where}, loaded")
                with bench.background(server, BACKGROUND) as counted:
                    measure(server, "loaded")
                backgrounds.append(counted)
    return found, backgrounds


def look(bench, server, size):
    """One look at a server: how fast it is, for old clients and new ones, and how large."""
    bench.load(server, WARM_UP_S)
    return {"rate": bench.load(server, size["seconds"])["rate"],
            "new_ns": statistics.median(bench.new_connections(server, size["new_clients"])),
            "memory": server.memory_kib()}


def measure_connections(bench, size, start, queries):
    """A list of measurements without, with and after the idle connections, one each round."""
    rounds, found = [], []
    for _ in range(size["idle_rounds"]):
        with start() as server:
            this = {"without": look(bench, server, size)}
            with bench.idle_connections(server, size["connections"]):
                this["with"] = look(bench, server, size)
                if queries:
                    with server.urgent():
                        found += offsets.timesync(bench, server, BEST, size["queries"])
            time.sleep(0.5)
            this["after"] = look(bench, server, size)
            rounds.append(this)
    return rounds, found


def throughput(bench, size, result):
    result["throughput"], result["memory"] = measure_throughput(bench, size)


def all_offsets(bench, size, result):
    found, result["backgrounds"] = measure_offsets(bench, size)
    result["offsets"].update(found)


def connections(bench, size, result):
    progress(f"{size['connections']} idle connections")
    idle, values = measure_connections(bench, size, lambda: bench.timesyncd(*MANY), True)
    result["offsets"]["idle connections"] = {"timesync, best of 8": values}
    stock, _ = measure_connections(bench, {**size, "idle_rounds": 1, "new_clients": 50},
                                   bench.stock, False)
    result["connections_of"] = {"timesyncd": idle, "stock rpcgen": stock}


def groups(bench, size, result):
    result["groups"] = group_cycles.measure(bench, size, progress)


def spread(bench, size, result):
    result["spread"] = group_spread.measure(bench, size, progress)


def from_start_to_end(bench, size, result):
    progress("commands from start to end")
    with bench.timesyncd("--key", bench.key()) as server, ExitStack() as others:
        if installed("chronyd"):
            others.enter_context(bench.chronyd())
        result["commands"] = commands.measure(bench, server, size["commands"])


def now(bench, size, result):
    progress("libtimesync's now()")
    result["now"] = bench.time_now(size["now_rounds"])


SECTIONS = {"throughput": throughput, "offsets": all_offsets, "connections": connections,
            "groups": groups, "spread": spread, "commands": from_start_to_end, "now": now}


def main():
    build, how, *names = sys.argv[1:]
    size = SIZES[how]
    result = {"how": how, "machine": machine.describe(), "size": size, "background": BACKGROUND,
              "cores": [SERVER_CORE, CLIENT_CORE], "offsets": {}, "seconds_of": {},
              "installed": {name: bool(installed(name)) for name in ("chronyd", "ntpdig")}}
    with tempfile.TemporaryDirectory(prefix="timesync-bench-") as directory:
        bench = Bench(build, directory)
        for name in names:
            started = time.monotonic()
            SECTIONS[name](bench, size, result)
            result["seconds_of"][name] = round(time.monotonic() - started)
    result["seconds"] = round(time.monotonic() - STARTED)
    result["machine"].update(machine.during())
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
