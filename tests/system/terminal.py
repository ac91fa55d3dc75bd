# SPDX-License-Identifier: BSD-3-Clause
"""Running timesync at a terminal, and seeing what a person would see there."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from harness import DEADLINE_S, program

STRONG, ALARM, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[0m"
ERASE = "\r\x1b[K"
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def screen(raw):
    """The lines of a terminal in the end, after returns and erasures."""
    lines, line, column = [], "", 0
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\s\S]", raw):
        if token == "\n":
            lines.append(line)
            line, column = "", 0
        elif token == "\r":
            column = 0
        elif token == "\x1b[K":
            line = line[:column]
        elif not STYLE.fullmatch(token):
            line = line[:column] + token + line[column + 1:]
            column += 1
    return "\n".join([*lines, line])


def run_at_terminal(*args, columns=80, rows=24, streams=("stdout", "stderr"), environment=None):
    """Run timesync with these streams on a terminal. (exit status, what the terminal got)"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    env.update({"TERM": "xterm", **(environment or {})})
    elsewhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program("timesync"), *args], stdin=subprocess.DEVNULL, env=env,
                          **{**elsewhere, **{name: slave for name in streams}}) as process:
        os.close(slave)
        got = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not part:
                break
            got += part
        os.close(master)
        status = process.wait(DEADLINE_S)
    return status, got.decode()
