# SPDX-License-Identifier: BSD-3-Clause
"""The system clock of the guest, as its kernel sees it."""

import guard  # first: this module can set the clock

import ctypes
import os
import time
from collections import namedtuple

READING_NS = 100_000  # how far apart two clocks may be read, at worst

ADJ_FREQUENCY, ADJ_MAXERROR, ADJ_STATUS, ADJ_TICK = 0x2, 0x4, 0x10, 0x4000
ADJ_SETOFFSET, ADJ_OFFSET_SS_READ = 0x100, 0xA001
STA_UNSYNC = 0x40
NOMINAL_TICK_US = 10_000


class Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_ = [("modes", ctypes.c_uint)] + [
        (name, ctypes.c_int if name == "status" else ctypes.c_long)
        for name in "offset freq maxerror esterror status constant precision tolerance".split()
    ] + [("time", ctypes.c_long * 2), ("tick", ctypes.c_long), ("rest", ctypes.c_long * 24)]


def _adjust(modes, **fields):
    """The kernel's answer. No modes, and ADJ_OFFSET_SS_READ, only ask."""
    request = Timex(modes=modes, **fields)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(request)) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return request


def undiscipline():
    """As after booting: its own rate, no slew, and nobody claims that it is right."""
    _adjust(ADJ_SETOFFSET)  # a step by nothing: a slew would go on for the rest of this second
    _adjust(ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS, freq=0, tick=NOMINAL_TICK_US, status=STA_UNSYNC)


def drift(ppm):
    """Let the clock run so much faster."""
    _adjust(ADJ_FREQUENCY, freq=round(ppm * 65536))


def claim_synchronised(max_error_ns):
    """Tell the kernel what a daemon tells it that disciplines the clock."""
    _adjust(ADJ_STATUS | ADJ_MAXERROR, maxerror=max_error_ns // 1000)


State = namedtuple("State", "synchronised max_error_ns est_error_ns frequency_ppm tick_us")


def state():
    """The state of the kernel's clock."""
    t = _adjust(0)
    return State(not t.status & STA_UNSYNC, t.maxerror * 1000, t.esterror * 1000,
                 t.freq / 65536, t.tick)


def slew_left_ns():
    return _adjust(ADJ_OFFSET_SS_READ).offset * 1000


def read_together():
    """(CLOCK_REALTIME, CLOCK_MONOTONIC_RAW) of one instant: the closest of many readings. Nothing
    that is done to the one clock moves the other.
    """
    def read():
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        return after - before, real, (before + after) // 2

    apart, real, raw = min(read() for _ in range(50))
    if apart > READING_NS:
        raise RuntimeError(f"the clocks could only be read {apart} ns apart")
    return real, raw


def ahead_ns():
    """By how much the system clock is ahead of the one that nobody can set."""
    real, raw = read_together()
    return real - raw
