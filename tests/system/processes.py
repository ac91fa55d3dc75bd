# SPDX-License-Identifier: BSD-3-Clause
"""Processes as /proc shows them. Any of them may end at any moment, also while it is looked at."""

import os
from pathlib import Path


def every():
    """The ids of all processes."""
    return {int(name) for name in os.listdir("/proc") if name.isdecimal()}


def look(pid, name):
    """The octets of /proc/PID/NAME; none of a process that has ended."""
    try:
        return Path("/proc", str(pid), name).read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # before or while it was read
        return b""
