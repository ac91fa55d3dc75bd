# SPDX-License-Identifier: BSD-3-Clause
"""Does in one of several guests what the machine that runs them asks for.

usage: member.py LINE

LINE is a serial line. Each line that comes is a JSON object, {"do": NAME, "with": {...}}, and is
answered by one: {"result": ...} or {"error": TEXT}. It also tells others the time of the system
clock, so that the judge's measurement shares no code with the programs that it judges.
"""

import guard  # first: this module sets the clock

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import kernel

TIME_PORT = 7777
PROBES = 40
CAP_SYS_TIME = 25


class Member:
    """What can be asked for: the public methods."""

    def __init__(self):
        self._processes = {}

    # --- programs ---

    def run(self, argv, timeout=30):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False)
        return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    def start(self, name, argv):
        """In the background; what it prints can be read as its log."""
        with open(f"/tmp/{name}.log", "ab") as log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        self._processes[name] = process
        return process.pid

    def log(self, name):
        return Path(f"/tmp/{name}.log").read_text(encoding="utf-8", errors="replace")

    def status(self, name):
        """The exit status; None while it runs."""
        return self._processes[name].poll()

    def stop(self, name):
        self._processes[name].send_signal(signal.SIGTERM)
        return self._processes[name].wait(20)

    def kill_all(self, command):
        """Kill at once all processes of that command: none has time for anything."""
        pids = [pid for pid, comm in self._commands() if comm == command]
        for signo in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                os.kill(pid, signo)
        return len(pids)

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)

    def write(self, path, text, mode=0o644):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        os.chmod(path, mode)

    @staticmethod
    def _commands():
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                yield int(entry.name), (entry / "comm").read_text(encoding="ascii").strip()
            except OSError:
                pass  # it has just ended

    def privileges(self, command):
        """[[pid, parent, user, whether it may set the clock]] of the processes of a command."""
        found = []
        for pid, comm in self._commands():
            if comm == command:
                text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
                value = {key: re.search(rf"^{key}:\s*(\S+)", text, re.M)[1]
                         for key in ("PPid", "Uid", "CapEff", "CapPrm")}
                masks = int(value["CapEff"], 16) | int(value["CapPrm"], 16)
                found.append([pid, int(value["PPid"]), int(value["Uid"]),
                              bool(masks >> CAP_SYS_TIME & 1)])
        return found

    # --- clocks ---

    def clock(self):
        state = kernel.state()
        return {"year": time.gmtime().tm_year, "left_ns": kernel.slew_left_ns(),
                **state._asdict()}

    def set_by(self, amount_ns):
        """Set the clock by hand."""
        now = time.clock_gettime_ns(time.CLOCK_REALTIME)
        time.clock_settime_ns(time.CLOCK_REALTIME, now + amount_ns)

    def drift(self, ppm):
        """Let the clock drift, as that of another machine would."""
        kernel.drift(ppm)

    def ahead(self, of):
        """{number: (by how many ns its clock is ahead of this one, +/- bound)} of other guests."""
        return {number: self._measure(f"10.0.0.{number}") for number in of}

    @staticmethod
    def _measure(address):
        best = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(1)
            udp.connect((address, TIME_PORT))
            for number in range(PROBES):
                raw = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
                before = time.clock_gettime_ns(time.CLOCK_REALTIME)
                udp.send(str(number).encode())
                try:
                    answer = udp.recv(100).split()
                except (TimeoutError, ConnectionError):
                    continue
                took = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - raw
                if int(answer[0]) == number and (best is None or took < best[1] * 2):
                    best = (int(answer[1]) - before - took // 2, took // 2)
        return best


def tell_the_time():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("", TIME_PORT))
        while True:
            question, asker = udp.recvfrom(100)
            now = time.clock_gettime_ns(time.CLOCK_REALTIME)
            udp.sendto(b"%s %d" % (question, now), asker)


def answer(member, line):
    try:
        order = json.loads(line)
        return {"result": getattr(member, order["do"])(**order["with"])}
    except Exception as error:  # whatever it is, the other side is to know
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    threading.Thread(target=tell_the_time, daemon=True).start()
    member = Member()
    with open(sys.argv[1], "r+b", buffering=0) as line:
        tty.setraw(line)
        line.write(json.dumps({"result": guard.member_number()}).encode() + b"\n")
        pending = b""
        while True:
            pending += line.read(4096)
            while b"\n" in pending:
                order, pending = pending.split(b"\n", 1)
                line.write(json.dumps(answer(member, order)).encode() + b"\n")


if __name__ == "__main__":
    main()
