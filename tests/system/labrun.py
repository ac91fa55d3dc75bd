# SPDX-License-Identifier: BSD-3-Clause
"""Running timesync-lab, for its tests."""

import os
import subprocess
from pathlib import Path

from harness import program

LIMIT_S = 80


def lab(*args, timeout=LIMIT_S):
    return subprocess.run([program("timesync-lab"), *args], capture_output=True, text=True,
                          timeout=timeout, check=False)


def running():
    """Processes that an experiment has started."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            environ = Path("/proc", entry, "environ").read_bytes() if entry.isdigit() else b""
        except OSError:
            continue
        if b"TIMESYNC_LAB_RUN=" in environ:
            found.append(Path("/proc", entry, "cmdline").read_text(encoding="utf-8"))
    return found
