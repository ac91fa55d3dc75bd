# SPDX-License-Identifier: BSD-3-Clause
"""The table of group_cycles.py's figures, and what it says about the target."""

import statistics

from tables import table

CYCLE_RATIO = 1.5

TEXT = """\
## A group's cycle

The leader is a real timesyncd; three processes in Python play all others on the clients' core, and
the dead are ports that nobody has. Each group has {cycles}; the times are medians of them, and
*corrected* is the fewest. A cycle ends when the last correction has been sent.

- *slowest* is the longest round trip of a live member, of its best of five exchanges: with so many
  it is for the most part the time that the calls wait for those who play.
- *timeout* is how long the leader waits for an answer: a third of the time from one cycle to the
  next, and not more than a second.
- *ratio*: how long the cycle took, of slowest + timeout.
- *CPU us each* is what the leader's agent needs on average for each member, dead ones too, from
  one cycle to the next: a poll, four GET_TIMESTAMPS, a correction, and {heartbeats:g} heartbeats.
- *resident* is all memory of the agent; *KiB each* what that grows by, but for pages of files, for
  each member that the group has more than the row above.

{table}
"""


def ratio(group):
    """Of each cycle, in the middle: how long it took, of the slowest round trip and the timeout."""
    return statistics.median(c["took_s"] / (c["slowest_s"] + group["timeout_s"])
                             for c in group["cycles"])


def fewest(group):
    return min(c["corrected"] for c in group["cycles"])


def milliseconds(seconds):
    return f"{1000 * seconds:,.2f}"


def row(group, smaller):
    cycles = group["cycles"]
    each = "-"
    if smaller and smaller["members"] < group["members"]:
        grown = group["private_kib"] - smaller["private_kib"]
        each = f"{grown / (group['members'] - smaller['members']):.2f}"
    cpu_ns = statistics.mean(c["cpu_ns"] for c in cycles) / group["members"]
    return [f"{group['members']:,} members, {group['dead']:,} dead",
            f"{fewest(group):,} of {group['live']:,}",
            milliseconds(statistics.median(c["took_s"] for c in cycles)),
            milliseconds(statistics.median(c["slowest_s"] for c in cycles)),
            milliseconds(group["timeout_s"]), f"{ratio(group):.3f}", f"{cpu_ns / 1000:,.0f}",
            f"{group['resident_kib']:,}", each]


def add_target(group, targets):
    missing = group["live"] - fewest(group)
    what = f"a group's cycle, of slowest + timeout, {group['members']:,} members"
    value = ratio(group)
    targets.add(f"{what}, {group['dead']:,} dead", f"{value:.2f}", f"<= {CYCLE_RATIO:g}",
                value <= CYCLE_RATIO and missing == 0,
                f"{missing} members" if missing else f"{value - CYCLE_RATIO:.2f}")


def text(measured, targets):
    groups = measured["of"]
    largest = max(group["members"] for group in groups)
    for group in groups:
        if group["members"] == largest and group["dead"]:
            add_target(group, targets)
    rows = [row(group, smaller) for group, smaller in zip(groups, [None, *groups])]
    head = ["a group of", "corrected", "cycle, ms", "slowest, ms", "timeout, ms", "ratio",
            "CPU us each", "resident, KiB", "KiB each"]
    n = len(groups[0]["cycles"])
    return TEXT.format(cycles=f"{n} cycles" if n > 1 else "one cycle",
                       heartbeats=measured["heartbeats"], table=table(head, rows))
