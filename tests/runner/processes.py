# SPDX-License-Identifier: BSD-3-Clause
"""Test programs as processes, several at a time."""

import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_lock = threading.Lock()
_running = set()
_ending = False


def run_limited(command, env, limit, log):
    """Run a command for `limit` seconds, its output in the file `log`. (status, out of time)"""
    command = ["timeout", "-k", "5", str(limit), *command]
    started = time.monotonic()
    with open(log, "wb") as output:
        with _lock:
            if _ending:
                sys.exit(1)
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            _running.add(process)
        try:
            status = process.wait()
            return status, time.monotonic() - started >= limit
        finally:
            _running.discard(process)


def end_all():
    """End early what runs, and run no more. Not for a thread that runs some."""
    global _ending
    with _lock:
        _ending = True
    # timeout(1) hands SIGTERM on, unshare(1) needs SIGKILL.
    for process in list(_running):
        process.terminate()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
