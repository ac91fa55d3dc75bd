# SPDX-License-Identifier: BSD-3-Clause
"""Running `timesync-lab grade`, for its tests."""

import json
from pathlib import Path

from labrun import lab

FAULTY = Path(__file__).parent / "faulty.py"
TOO_BUSY = "the machine is too busy"
ATTEMPTS = 3
LIMIT_S = 280


def graded(*args, status=1):
    """What `grade --json` prints. Where it says that the machine is too busy, it is asked again."""
    for _ in range(ATTEMPTS):
        done = lab("grade", "--json", *args, timeout=LIMIT_S)
        if TOO_BUSY not in done.stderr:
            break
    if done.returncode != status or done.stderr:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def named(sheet):
    return [mistake["name"] for mistake in sheet["mistakes"]]


def checks(sheet):
    return {check["name"]: check for check in sheet["checks"]}
