# SPDX-License-Identifier: BSD-3-Clause
"""Importing this ends a program that does not run in the guest of tests/vm/run, where alone the
system clock may be set.
"""

import re
import sys
from pathlib import Path

WORD = "timesync.guest"  # of the kernel's command line; =NAME,NAME picks tests
MEMBER = "timesync.member"  # =N: this is guest N of several, on one virtual network
DISK = "timesync.disk"  # =rw or =ro: it goes on with the system on its disk, with its root so


def _words(wanted=WORD):
    words = Path("/proc/cmdline").read_text(encoding="ascii").split()
    return [word for word in words if word.partition("=")[0] == wanted]


def member_number():
    """Which of several guests this is; None if it is alone."""
    words = _words(MEMBER)
    return int(words[0].partition("=")[2]) if words else None


def disk():
    """How the root on its disk is to be mounted; None if it has no disk."""
    words = _words(DISK)
    return words[0].partition("=")[2] if words else None


def names_wanted():
    """Parts of the names of the tests that are to be run; none for all of them."""
    return [name for name in _words()[0].partition("=")[2].split(",") if name]


def _is_guest():
    """Its kernel was given the word, its root is what the kernel unpacked, its network is lo, or
    the virtual one of several guests.
    """
    with open("/proc/self/mounts", encoding="ascii") as mounts:
        roots = [line.split()[2] for line in mounts if line.split()[1] == "/"]
    with open("/proc/net/dev", encoding="ascii") as devices:
        networks = re.findall(r"^\s*(\S+):", devices.read(), re.M)
    expected = [["lo"], ["eth0", "lo"]] if _words(MEMBER) else [["lo"]]
    return bool(_words()) and roots == ["rootfs"] and sorted(networks) in expected


if not _is_guest():
    sys.exit("This sets the system clock, and runs in the guest of tests/vm/run only.")
