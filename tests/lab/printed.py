# SPDX-License-Identifier: BSD-3-Clause
"""Reads the output of timesync for people: durations in ns, negative where a clock is fast
or behind."""

import re

NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "min": 60_000_000_000}


def duration(text):
    """'2 min 3 s' or '1.5 us', in ns."""
    return round(sum(float(n) * NS[unit] for n, unit in re.findall(r"([\d.]+) (\w+)", text)))


def signed(text, negative):
    """'2 min 0 s WORD', in ns; below 0 if the word is `negative`."""
    size, word = text.rsplit(" ", 1)
    return -duration(size) if word == negative else duration(size)


def results(output):
    """(offset, bound) of each line of a result."""
    found = re.findall(r"^\w+ +local clock is (.*?(?:slow|fast)), \+/- (.*)$", output, re.M)
    return [(signed(offset, "fast"), duration(bound)) for offset, bound in found]


def delays(output):
    return [duration(d) for d in re.findall(r"^round \d+ +round trip (.*?),", output, re.M)]


def by_hand(output):
    """(offset, delay) of each round that the shell worked out."""
    return [(int(o), int(d)) for o, d in re.findall(r"^offset (\d+) ns, delay (\d+) ns$", output,
                                                  re.M)]


def packets(output):
    return [[int(n) for n in found] for found in
            re.findall(r"^packets  (\d+) sent, (\d+) received, (\d+) lost", output, re.M)]


def comparisons(output):
    """For each table of compare: method -> (bound, by how much the clock would end slow)."""
    row = r"^(mean|cristian|ntp|minimum) +\S+ \S+ \S+ +(\S+ \S+) +\w+ +(\S+ \S+ (?:slow|fast))$"
    rows = [(method, duration(bound), signed(after, "fast"))
            for method, bound, after in re.findall(row, output, re.M)]
    return [{method: rest for method, *rest in rows[i:i + 4]} for i in range(0, len(rows), 4)]


def clocks(output):
    """By how much each clock file that is shown is ahead, in ns."""
    found = re.findall(r"^offset   (.* (?:ahead|behind))(?: of)? the system clock$", output, re.M)
    return [signed(offset, "behind") for offset in found]


def frames(output):
    """The output of each `group status`, and of each turn of its --watch."""
    return re.split(r"^group       lab$", output, flags=re.M)[1:]


def leader_of(frame):
    """(the port that leads or 'none', term)"""
    leader, term = re.search(r"^leader      (\S+), term (\d+), for .*$", frame, re.M).groups()
    return leader.rpartition(":")[2], int(term)
