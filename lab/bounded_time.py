#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The time with a bound, in Python: libtimesync through ctypes.

usage: lab/bounded_time.py [CLOCK-FILE]

Prints how well the time is known, and then waits until a timestamp is in the past for everybody
(commit wait). As a module it offers the class Clock. $LIBTIMESYNC names another library than the
installed one.
"""

import ctypes
import os
import sys

STATES = ("unknown", "hold-over", "synchronised")


class NoLibrary(Exception):
    """libtimesync cannot be used: why, and what to do."""


class Interval(ctypes.Structure):
    """The true time lies between these: nanoseconds since 1970."""

    _fields_ = [("earliest", ctypes.c_int64), ("latest", ctypes.c_int64)]


class Clock:
    """What the tracker of a clock publishes: of a clock file, or of the system clock.

    NoLibrary, or OSError: FileNotFoundError if nobody has ever published anything of that clock.
    """

    def __init__(self, clock_file=None, library=None):
        library = library or os.environ.get("LIBTIMESYNC", "libtimesync.so.0")
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            raise NoLibrary(f"{error}; install libtimesync, or set LIBTIMESYNC to the library that "
                            "'make' has built") from None
        self._page = ctypes.c_void_p()
        path = None if clock_file is None else os.fsencode(clock_file)
        error = self._library.timesync_open(ctypes.byref(self._page), path)
        if error:
            raise OSError(-error, os.strerror(-error), clock_file)

    def now(self):
        """The state, one of STATES, and an Interval."""
        interval = Interval()
        state = self._library.timesync_now(self._page, ctypes.byref(interval))
        return STATES[state], interval

    def close(self):
        """Release it."""
        self._library.timesync_close(self._page)
        self._page = None


def show(clock):
    """Print how well the time is known, and wait until the latest possible time is past."""
    state, now = clock.now()
    if state == "unknown":
        sys.exit("nothing is known of the time")
    print(f"{state}, right to within {(now.latest - now.earliest) / 2e3:.1f} us")
    stamp, turns = now.latest, 0
    while now.earliest <= stamp:
        state, now = clock.now()
        turns += 1
        if state == "unknown":
            sys.exit("nothing is known of the time any more")
    print(f"{stamp} is past for everybody, after {turns} looks at the clock")


def main():
    """The command."""
    words = sys.argv[1:]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        sys.exit("usage: bounded_time.py [CLOCK-FILE]")
    name = words[0] if words else "the system clock"
    try:
        clock = Clock(*words)
    except NoLibrary as error:
        sys.exit(f"bounded_time.py: {error}")
    except FileNotFoundError:
        sys.exit(f"bounded_time.py: {name}: nobody has published the bound of this clock; start "
                 "'timesync track' for it")
    except OSError as error:
        sys.exit(f"bounded_time.py: {name}: {error.strerror}")
    try:
        show(clock)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        clock.close()


if __name__ == "__main__":
    main()
