# SPDX-License-Identifier: BSD-3-Clause
"""Importing this ends a program that does not run in the guest of tests/vm/run, where alone the
system clock may be set.
"""

import re
import sys
from pathlib import Path

WORD = "timesync.guest"  # of the kernel's command line; =NAME,NAME picks tests


def _words():
    words = Path("/proc/cmdline").read_text(encoding="ascii").split()
    return [word for word in words if word.partition("=")[0] == WORD]


def names_wanted():
    """Parts of the names of the tests that are to be run; none for all of them."""
    return [name for name in _words()[0].partition("=")[2].split(",") if name]


def _is_guest():
    """Its kernel was given the word, its root is what the kernel unpacked, its network is lo."""
    with open("/proc/self/mounts", encoding="ascii") as mounts:
        roots = [line.split()[2] for line in mounts if line.split()[1] == "/"]
    with open("/proc/net/dev", encoding="ascii") as devices:
        networks = re.findall(r"^\s*(\S+):", devices.read(), re.M)
    return bool(_words()) and roots == ["rootfs"] and networks == ["lo"]


if not _is_guest():
    sys.exit("This sets the system clock, and runs in the guest of tests/vm/run only.")
