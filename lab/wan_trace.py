#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A day of one-way delays over a long way, as a trace for the relay.

usage: lab/wan_trace.py there|back [SEED]

Writes one delay for each six minutes of a day from midnight on, 240 in all, with a comment at each
hour. Nothing of it was measured. It is a model, made to look like published measurements of such
paths (J.-C. Bolot, "End-to-end packet delay and loss behavior in the Internet", SIGCOMM 1993;
K. Papagiannaki et al., "Measurement and analysis of single-hop delay on an IP backbone network", IEEE
JSAC 21, 2003):

  delay = path + queue
  path    18 ms; from 14:00 to 16:00 a failed line makes the way there 27 ms, and not the way back
  queue   waiting behind others where the load is u: exponential, with the mean 0.4 ms * u / (1 - u),
          as in a queue of the kind M/M/1; in one of 50 delays a burst is in front, of a Pareto
          distribution (least 1 ms, exponent 1.5, at most 80 ms)
  load u  0.35 at night; in the daytime up to 0.75 there, and in the evening up to 0.93 back, which is
          the direction of what people watch
"""

import math
import random
import sys

A_DAY, AN_HOUR = 240, 10  # delays
PATH_MS, DETOUR_MS = 18.0, 27.0
QUIET, BUSY, BUSIEST = 0.35, 0.75, 0.93
QUEUE_MS, MOST_BURST_MS, BURSTS = 0.4, 80.0, 1 / 50


def bump(hour, middle, width):
    """From 0 to 1: how near an hour is to the middle of the busy time."""
    return math.exp(-(((hour - middle) / width) ** 2))


def load(hour, way):
    """How much of a line is in use."""
    if way == "there":
        return QUIET + (BUSY - QUIET) * bump(hour, 13, 4)
    return QUIET + (BUSIEST - QUIET) * bump(hour, 20.5, 2.5)


def delay(hour, way, dice):
    """In ms."""
    path = DETOUR_MS if way == "there" and 14 <= hour < 16 else PATH_MS
    u = load(hour, way)
    queue = dice.expovariate((1 - u) / (QUEUE_MS * u))
    if dice.random() < BURSTS:
        queue += min(dice.paretovariate(1.5), MOST_BURST_MS)
    return path + queue


def lines(way, seed):
    """The lines of the trace."""
    dice = random.Random(f"{way} {seed}")
    yield f"# Made by wan_trace.py {way} {seed}: nothing of it was measured."
    for n in range(A_DAY):
        if n % AN_HOUR == 0:
            yield f"# {n // AN_HOUR:02d}:00"
        yield f"{delay(n / AN_HOUR, way, dice):.3f}ms"


def main():
    """Print a trace."""
    words = sys.argv[1:]
    if not 1 <= len(words) <= 2 or words[0] not in ("there", "back") or \
            not (words[1:] or ["1"])[0].isdecimal():
        sys.exit("usage: wan_trace.py there|back [SEED]")
    print("\n".join(lines(words[0], int((words[1:] or ["1"])[0]))))


if __name__ == "__main__":
    main()
