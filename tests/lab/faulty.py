#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A server and a client as students write them, with one mistake each, or none.

usage: faulty.py server MISTAKE PORT
       faulty.py client MISTAKE HOST PORT CLOCK

They are in Python: the protocol does not care. Without a mistake (none) they are right.
"""

import itertools
import json
import os
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "system"))

import rawrpc  # noqa: E402

WORK_S = 0.02
TIMEOUT_S = 0.4
START = time.time_ns()
MOST = 1 << 62

# What reads the clock, by mistake.
READ = {
    "seconds": lambda: time.time_ns() // 10**9,
    "milliseconds": lambda: time.time_ns() // 10**6,
    "microseconds": lambda: time.time_ns() // 1000,
    "whole-seconds": lambda: time.time_ns() // 10**9 * 10**9,
    "monotonic": time.monotonic_ns,
    "constant": lambda: START,
}


class Garbage(Exception):
    """Arguments that are none."""


class Server:
    def __init__(self, mistake):
        self.mistake = mistake
        self.now = READ.get(mistake, time.time_ns)
        self.last_ts1 = 0

    def stamps(self, args):
        (ts1,) = self.time_in(args, ">q")
        self.last_ts1, before = ts1, self.last_ts1
        ts2 = ts3 = self.now()
        time.sleep(WORK_S if self.mistake != "mixed-up" else 0.002)
        if self.mistake != "ts3-before-work":
            ts3 = self.now()
        if self.mistake == "ts2-at-departure":
            ts2 = ts3
        if self.mistake == "ts2-after-ts3":
            ts2, ts3 = ts3, ts2
        if self.mistake == "ts2-not-on-arrival":
            ts2 = ts1
        if self.mistake == "ts1-not-echoed":
            ts1 = before
        if self.mistake == "mixed-up":
            ts1 = self.last_ts1
        if self.mistake == "empty":
            ts1 = ts2 = ts3 = 0
        return struct.pack(">qqq", ts1, ts2, ts3)

    def time_in(self, args, shape):
        if self.mistake == "any-arguments":
            return struct.unpack_from(shape, args + bytes(16))
        try:
            times = struct.unpack(shape, args)
        except struct.error:
            raise Garbage from None
        if not all(0 <= t < MOST for t in times):
            raise Garbage
        return times

    def answer(self, call):
        """The reply to a call."""
        xid, _, _, program, version, proc = struct.unpack_from(">6I", call)
        args = call[40:]
        if program != rawrpc.TIMESYNC_PROG:
            return rawrpc.accepted(xid, stat=rawrpc.PROG_UNAVAIL)
        if version != 1 and self.mistake != "any-version":
            return rawrpc.accepted(xid, struct.pack(">II", 1, 1), rawrpc.PROG_MISMATCH)
        try:
            return rawrpc.accepted(xid, self.results(proc, args))
        except Garbage:
            return rawrpc.accepted(xid, stat=rawrpc.GARBAGE_ARGS)
        except KeyError:
            if self.mistake == "any-procedure":
                return rawrpc.accepted(xid)
            return rawrpc.accepted(xid, stat=rawrpc.PROC_UNAVAIL)

    def results(self, proc, args):
        if proc == 0:
            return b""
        if proc == 1:
            return self.stamps(args)
        if proc == 2:
            ahead = 3600 * 10**9 if self.mistake == "get-time-other-clock" else 0
            return struct.pack(">qqii", 0 if self.mistake == "empty" else self.now() + ahead, 0, 0,
                               7 if self.mistake == "get-time-values" else 0)
        if proc == 3 and self.mistake != "no-interleaved":
            ts1, _ = self.time_in(args, ">qq")
            prev = self.now() if self.mistake == "prev-tx-wrong" else 0
            return self.stamps(struct.pack(">q", ts1)) + struct.pack(">q", prev)
        raise KeyError(proc)

    def serve(self, port):
        server = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                call, sock = self.request
                sock.sendto(server.answer(call), self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self):
                while mark := self.request.recv(4, socket.MSG_WAITALL):
                    message = b""
                    while True:
                        (n,) = struct.unpack(">I", mark)
                        message += self.request.recv(n & 0x7fffffff, socket.MSG_WAITALL)
                        if n >> 31:
                            break
                        mark = self.request.recv(4, socket.MSG_WAITALL)
                    self.request.sendall(rawrpc.Tcp.record(server.answer(message)))

        streams = (socketserver.TCPServer if self.mistake == "one-client-at-a-time" else
                   socketserver.ThreadingTCPServer)
        streams.allow_reuse_address = streams.daemon_threads = True
        streams.request_queue_size = 64
        if self.mistake != "no-tcp":
            threading.Thread(target=streams(("127.0.0.1", port), Stream).serve_forever,
                             daemon=True).start()
        socketserver.ThreadingUDPServer(("127.0.0.1", port), Datagram).serve_forever()


class Lost(Exception):
    """No reply in time."""


class Client:
    """Right, unless it takes any reply for the one to its call."""

    def __init__(self, mistake, host, port, clock):
        self.mistake, self.clock = mistake, clock
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.xids = itertools.count(time.time_ns() & 0xffffffff)
        self.ahead = self.clock_ahead()

    def timesync(self, *args):
        return subprocess.run(["timesync", "clock", *args], check=True, capture_output=True).stdout

    def clock_ahead(self):
        return round(json.loads(self.timesync("show", "--json", self.clock))["ahead_s"] * 1e9)

    def now(self):
        return time.time_ns() + self.ahead

    def call(self, proc, args):
        """(t1, t4, results)"""
        xid, deadline = next(self.xids) & 0xffffffff, time.monotonic() + TIMEOUT_S
        t1 = self.now()
        self.socket.send(rawrpc.call(proc, args(t1), xid=xid))
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message, t4 = self.socket.recv(2048), self.now()
            except TimeoutError:
                break
            if self.mistake == "other-reply-taken" or rawrpc.xid_of(message) == xid:
                return t1, t4, rawrpc.parse_reply(message).results
        raise Lost

    def again(self, attempt):
        """The result of what may fail a few times."""
        for _ in range(5):
            try:
                return attempt()
            except Lost:
                pass
        raise Lost

    def round(self):
        t1, t4, results = self.call(1, lambda t1: struct.pack(">q", t1))
        _, ts2, ts3 = struct.unpack(">qqq", results)
        return (t4 - t1) - (ts3 - ts2)

    def run(self):
        try:
            mean = sum(self.again(self.round) for _ in range(5)) // 10
            _, local, results = self.again(lambda: self.call(2, lambda t1: b""))
        except (Lost, OSError):
            sys.exit("no server")
        (remote,) = struct.unpack_from(">q", results)
        print(f"REMOTE_TIME {remote // 10**6}\nLOCAL_TIME {local // 10**6}")
        print(f"RTT_ESTIMATE {(mean + 500000) // 10**6}", flush=True)
        if abs(self.clock_ahead() - self.ahead) > 1000:
            sys.exit("the clock was stepped")
        self.timesync("adjust", "--step", f"{remote + mean - local}ns", self.clock)


def main():
    kind, mistake, *rest = sys.argv[1:]
    if kind == "server":
        Server(mistake).serve(int(*rest))
    else:
        Client(mistake, *rest).run()
    os._exit(0)


if __name__ == "__main__":
    main()
