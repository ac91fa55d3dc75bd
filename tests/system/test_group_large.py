"""A group of a thousand members, of which a tenth are dead: what a cycle takes."""

import multiprocessing
import os
import selectors
import socket
import struct
import time
import unittest

import rawrpc
from groups import ADJUST, POLL, PORT, REPLY, RIGHT, GroupTest, Key, head, member_id, parse_sealed

MEMBERS = 1000
DEAD = 100
PROCESSES = 3
FIRST_PORT = 10001
TIMEOUT_S = 1  # of a call: a third of the cycle, at most this
ANSWER_TO = {0: 1, 2: 3, 4: 5, 6: 5}  # PROBE, VOTE, BEAT, ELECTORATE
HEAD_SIZE = len(head(0, 0, 0))


class Member:
    """One that agrees to everything."""

    def __init__(self, key, port):
        self.key, self.id = key, member_id("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))

    def body(self, proc, question):
        sender, _, term = struct.unpack_from(">QQQ", question, HEAD_SIZE - 24)
        mine = head(self.id, sender, term)
        if proc == POLL:
            now = time.time_ns()
            return mine + struct.pack(">I", 0) + os.urandom(16) + struct.pack(">qq", now, now)
        if proc == ADJUST:
            return mine + struct.pack(">I", RIGHT)
        (kind,) = struct.unpack_from(">I", question, HEAD_SIZE)
        fields = question[HEAD_SIZE + 4:HEAD_SIZE + 64]  # from the serial to the successor
        return (mine + struct.pack(">I", 1) + mine + struct.pack(">I", ANSWER_TO[kind]) + fields +
                struct.pack(">II", 0, 0))  # agreed, and no electorate

    def answer(self):
        call, peer = self.socket.recvfrom(65536)
        xid, _, _, program, _, proc = struct.unpack_from(">IIIIII", call)
        args = call[40:]
        if program == rawrpc.TIMESYNC_PROG:
            results = args + struct.pack(">qq", time.time_ns(), time.time_ns())
        else:
            _, question, call_seal = parse_sealed(args)
            body = self.body(proc, question)
            results = (struct.pack(">I", self.key.number) + rawrpc.opaque(body) +
                       self.key.seal(REPLY, proc, body, call_seal))
        self.socket.sendto(rawrpc.accepted(xid, results), peer)


def answer_for(key, ports):
    selector = selectors.DefaultSelector()
    for port in ports:
        member = Member(key, port)
        selector.register(member.socket, selectors.EVENT_READ, member)
    while True:
        for event, _ in selector.select():
            event.data.answer()


class LargeTest(GroupTest):
    def start_members(self):
        """All but the first; the dead are ports that nobody has."""
        key = Key.of_file(self.key)
        live = range(FIRST_PORT, FIRST_PORT + MEMBERS - 1 - DEAD)
        for i in range(PROCESSES):
            process = multiprocessing.Process(target=answer_for, args=(key, live[i::PROCESSES]),
                                              daemon=True)
            process.start()
            self.addCleanup(process.kill)
        return live

    def test_a_cycle(self):
        live = self.start_members()
        members = [f"127.0.0.1:{PORT}"]
        members += [f"127.0.0.1:{FIRST_PORT + i}" for i in range(MEMBERS - 1)]
        self.start_member(0, members, "--lease", "12s", "--cycle", "3s")
        self.wait_until(lambda: self.status(0)["leads"], "it is elected", self.daemons[0])
        self.wait_until(lambda: self.status(0)["cycles"] > 1, "two cycles", self.daemons[0])
        status = self.status(0)
        self.assertEqual(len(status["members"]), MEMBERS)
        answered = [m for m in status["members"] if m["outcome"] == "right"]
        slowest = max(float(m["delay_s"]) for m in answered)
        took = float(status["last_cycle"]["took_s"])
        with open(f"/proc/{self.agent()}/status", encoding="ascii") as file:
            (resident,) = [line.split()[1] for line in file if line.startswith("VmRSS")]
        print(f"{len(answered)} of {len(live)} live members answered; the cycle took {took:.3f} s, "
              f"the slowest round trip {slowest * 1e3:.3f} ms; the agent has {resident} KiB")
        self.assertGreaterEqual(len(answered), len(live) - 1)
        self.assertLess(took, 1.5 * (slowest + TIMEOUT_S))

    def agent(self):
        pid = self.daemons[0].pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()[-1]


if __name__ == "__main__":
    unittest.main()
