# SPDX-License-Identifier: BSD-3-Clause
"""A large group: one real daemon, and a crowd of members that a few processes play; some are dead.

For the system tests and the benchmark both.
"""

import multiprocessing
import os
import selectors
import socket
import struct
import time
from collections import namedtuple
from pathlib import Path

import rawrpc
from groups import ADJUST, POLL, REPLY, RIGHT, Key, head, member_id, parse_envelope, stamps

GROUP = "test"  # the group's name, as head() has it
HOST = "127.0.0.1"
FIRST_PORT = 10001
OWN_PORT = 20001  # above all others: the highest member is elected soonest
PROCESSES = 3
ANSWER_TO = {0: 1, 2: 3, 4: 5, 6: 5}  # PROBE, VOTE, HEARTBEAT, VOTERS; the others have none
FORK = multiprocessing.get_context("fork")
HEAD_SIZE = len(head(0, 0, 0, GROUP))

# A cycle that came to its end: its number, how long it took; of the crowd, how many were corrected,
# how many have yet to say so, and the longest round trip.
Cycle = namedtuple("Cycle", "number took_s corrected awaited slowest_s")


class Member:
    """One that agrees to everything."""

    def __init__(self, key, port):
        self.key, self.id = key, member_id(HOST, port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))

    def body(self, proc, question):
        sender, _, term = struct.unpack_from(">QQQ", question, HEAD_SIZE - 24)
        mine = head(self.id, sender, term, GROUP)
        if proc == POLL:
            return mine + stamps(time.time_ns())
        if proc == ADJUST:
            return mine + struct.pack(">I", RIGHT)
        (kind,) = struct.unpack_from(">I", question, HEAD_SIZE)
        if kind not in ANSWER_TO:
            return mine + struct.pack(">I", 0)
        fields = question[HEAD_SIZE + 4:HEAD_SIZE + 64]  # from the serial to the successor
        return (mine + struct.pack(">I", 1) + mine + struct.pack(">I", ANSWER_TO[kind]) + fields +
                struct.pack(">III", 0, 0, 0))  # agreed; no list of voters, and no addresses

    def answer(self):
        call, peer = self.socket.recvfrom(65536)
        xid, _, _, program, _, proc = struct.unpack_from(">IIIIII", call)
        args = call[40:]
        if program == rawrpc.TIMESYNC_PROG:
            results = args + struct.pack(">qq", time.time_ns(), time.time_ns())
        else:
            _, question, call_mac = parse_envelope(args)
            body = self.body(proc, question)
            results = (struct.pack(">I", self.key.number) + rawrpc.opaque(body) +
                       self.key.mac(REPLY, proc, body, call_mac))
        self.socket.sendto(rawrpc.accepted(xid, results), peer)


def answer_for(members):
    selector = selectors.DefaultSelector()
    for member in members:
        selector.register(member.socket, selectors.EVENT_READ, member)
    while True:
        for event, _ in selector.select():
            event.data.answer()


class Crowd:
    """All members but the daemon's own: `live` that answer and `dead` ports that nobody has.

    They are there from the start until the end of a `with`. `prepare` is what each process that
    plays members does first.
    """

    def __init__(self, key_file, live, dead, prepare=None):
        self.live, self.dead = live, dead
        self.own = f"{HOST}:{OWN_PORT}"
        self.others = [f"{HOST}:{FIRST_PORT + i}" for i in range(live + dead)]
        self.key, self.prepare, self.processes = Key.of_file(key_file), prepare, []

    def __enter__(self):
        for i in range(PROCESSES):  # bound here, so that they are there on return
            members = [Member(self.key, FIRST_PORT + j) for j in range(i, self.live, PROCESSES)]
            process = FORK.Process(target=self.play, args=(members,), daemon=True)
            process.start()
            self.processes.append(process)
            for member in members:
                member.socket.close()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.join()

    def play(self, members):
        if self.prepare:
            self.prepare()
        answer_for(members)

    def cycle(self, status):
        """The last Cycle, of what `timesync group status --json` says; None before the first."""
        if not status["last_cycle"]:
            return None
        others = [m for m in status["members"] if m["address"] != self.own]
        corrected = [m for m in others if m["outcome"] == "right"]
        awaited = sum(m["outcome"] == "unanswered" for m in others)
        slowest = max((float(m["delay_s"]) for m in corrected), default=0)
        return Cycle(status["cycles"], float(status["last_cycle"]["took_s"]), len(corrected),
                     awaited, slowest)


def timeout_s(cycle_s):
    """How long a leader waits for an answer."""
    return min(cycle_s / 3, 1)


def agent_of(daemon):
    """The pid of the agent: the supervisor starts it after all workers."""
    children = Path(f"/proc/{daemon}/task/{daemon}/children").read_text(encoding="ascii")
    return int(children.split()[-1])


def resident_kib(pid, part="VmRSS"):
    """The resident memory of a process: all, or, of `part` RssAnon, what no file has."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (size,) = [line.split()[1] for line in lines if line.startswith(f"{part}:")]
    return int(size)
