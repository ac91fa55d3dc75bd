# SPDX-License-Identifier: BSD-3-Clause
"""What somebody on the network can do with what members of a group have said, without their key:
send it again, whenever, from anywhere. And what one with a key must not be able to break."""

import os
import socket
import struct
import threading
import time
import unittest

import rawrpc
from groups import (ADJUST, ELECTION, GROUP_PROG, JOIN, LEAVE, POLL, PORT, REFUSED, REPLY, STATUS,
                    STEP_DOWN, STEPPED, GroupTest, Impostor, Key, correction, head, member_id,
                    parse_envelope, poll, stamps, status_question)

SECOND = 1_000_000_000
LEASE_S = 0.6
HEARTBEAT = 4
LEADER, ME, FELLOW = (member_id("127.0.0.1", PORT + i) for i in (2, 0, 1))
LIMIT = 1.3


def election(kind, term, serial=1, name="test"):
    """From the leader; of a lease that is right, and of no list of voters that is known."""
    return (head(LEADER, ME, term, name) +
            struct.pack(">IQQqQQQIQIII", kind, serial, 0, int(LEASE_S * SECOND), 0, 0, 0, 0, 0, 0,
                        0, 0))


class ReplayTest(GroupTest):
    """One member, whose leader is played by the test."""

    OPTIONS = ()

    def setUp(self):
        super().setUp()
        self.start_member(0, self.members(3), "--lease", f"{LEASE_S}s", "--cycle", "100ms",
                          *self.OPTIONS)
        self.impostor = Impostor(self, Key.of_file(self.key))

    def ask(self, proc, body):
        return self.impostor.ask(proc, body)

    def nonce(self, serial, term=1):
        answer = self.ask(POLL, poll(LEADER, ME, term, serial))
        at = len(head(0, 0, 0))
        self.assertEqual(answer[at:at + 4], bytes(4), "it is no refusal")
        return answer[at + 4:at + 20]

    def adjust(self, nonce, term=1):
        answer = self.ask(ADJUST, head(LEADER, ME, term) + correction(nonce, SECOND))
        return struct.unpack_from(">I", answer, len(answer) - 4)[0]

    def assert_silent(self, proc, args):
        self.impostor.send(proc, args)
        self.impostor.udp.socket.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            self.impostor.udp.receive()
        self.impostor.udp.socket.settimeout(5)

    def test_a_repeated_poll_is_not_answered_and_voids_no_ticket(self):
        args = self.impostor.key.envelope(POLL, poll(LEADER, ME, 1, 5))
        first = parse_envelope(self.impostor.exchange(POLL, args).results)[1]
        nonce = first[len(head(0, 0, 0)) + 4:][:16]
        self.assert_silent(POLL, args)
        self.assert_silent(POLL, self.impostor.key.envelope(POLL, poll(LEADER, ME, 1, 4)))
        self.assertEqual(self.adjust(nonce), STEPPED)
        self.assertEqual(self.status(0)["refused_replayed"], 2)

    def test_a_newer_poll_voids_the_ticket_before(self):
        old = self.nonce(1)
        new = self.nonce(2)
        self.assertEqual(self.adjust(old), REFUSED)
        self.assertEqual(self.adjust(new), STEPPED)

    def test_what_is_repeated_keeps_no_leader_alive(self):
        heartbeat = self.impostor.key.envelope(ELECTION, election(HEARTBEAT, 1))
        question = self.impostor.key.envelope(POLL, poll(LEADER, ME, 1, 5))
        self.impostor.exchange(ELECTION, heartbeat)
        self.impostor.exchange(POLL, question)
        ends = time.monotonic() + 2 * LEASE_S
        while time.monotonic() < ends:
            self.impostor.exchange(ELECTION, heartbeat)
            self.impostor.send(POLL, question)
            time.sleep(0.05)
        status = self.status(0)
        self.assertEqual(status["leader"], "none")
        (heard,) = [m["heard_ago_s"] for m in status["members"] if m["address"].endswith("7002")]
        self.assertGreater(float(heard), LEASE_S)

    def test_terms_that_no_group_gets_to(self):
        self.nonce(1, term=3)
        for term in (2**64 - 1, 2**64 - 2, 2**63, 2**62, 3 + 2**32 + 1):
            for body, proc in ((poll(LEADER, ME, term, 9), POLL),
                               (election(HEARTBEAT, term), ELECTION),
                               (election(2, term), ELECTION)):
                self.ask(proc, body)
        self.assertEqual(self.status(0)["term"], 3)
        # One that is far ahead is believed, and then none for an hour that is as far again.
        self.nonce(1, term=2**32)
        self.ask(POLL, poll(LEADER, ME, 2 * 2**32, 1))
        self.assertEqual(self.status(0)["term"], 2**32)
        self.assertEqual(self.adjust(self.nonce(2, term=2**32), term=2**32), STEPPED)

    def test_an_answer_as_a_call(self):
        """Nobody sends such a thing; where there is no key it could be forged."""
        for kind in (1, 3, 5):
            self.assertEqual(self.ask(ELECTION, election(kind, 1)).stat, rawrpc.GARBAGE_ARGS)

    def test_no_answer_is_longer_than_its_call_by_much(self):
        nonce = self.nonce(7)
        calls = [
            (POLL, poll(LEADER, ME, 1, 8)), (POLL, poll(FELLOW, ME, 1, 1)),
            (POLL, poll(LEADER, ME, 2**64 - 1, 1)),
            (ADJUST, head(LEADER, ME, 1) + nonce + bytes(8)),
            *((ELECTION, election(kind, term)) for kind in (0, 2, 4, 8) for term in (0, 1, 2)),
            *((proc, head(0, ME, 0) + bytes(16) + rawrpc.opaque(bytes([127, 0, 0, 9, 27, 88])))
              for proc in (JOIN, LEAVE)),
            (STEP_DOWN, head(0, ME, 0) + bytes(16) + bytes(4)),
            *((STATUS, status_question(0, ME, room=room)) for room in (0, 100, 300, 400, 8000)),
            (STATUS, status_question(0, 0, room=0, group="")),
            (STATUS, status_question(0, 0, room=400, group="")),
            *((proc, b"nonsense") for proc in range(1, 8)),
        ]
        for proc, body in calls:
            call = rawrpc.call(proc, self.envelope(proc, body), program=GROUP_PROG, version=1)
            reply = self.impostor.udp.exchange(call)
            self.assertLessEqual(len(reply), LIMIT * len(call), (proc, body))

    def envelope(self, proc, body):
        return self.impostor.key.envelope(proc, body)

    def test_the_whole_status_fits_where_it_is_given_room(self):
        answer = self.ask(STATUS, status_question(0, 0, room=2000, group=""))
        self.assertEqual(answer.count(bytes([127, 0, 0, 1])), 1 + 3 + 3, "ids and addresses")
        few = self.ask(STATUS, status_question(0, 0, room=300, group=""))
        self.assertLess(len(few), len(answer))
        self.assertEqual(self.ask(STATUS, status_question(0, 0, room=0, group="")).stat,
                         rawrpc.GARBAGE_ARGS)

    def change(self, nonce):
        """The answer to a LEAVE of nobody that is known."""
        answer = self.ask(LEAVE, head(0, ME, 0) + nonce +
                          rawrpc.opaque(bytes([127, 0, 0, 9, 27, 88])))
        return struct.unpack_from(">I", answer, len(answer) - 4)[0]

    def test_a_nonce_of_an_administrator_is_good_once(self):
        old_nonce, not_leader = 7, 1
        at = len(head(0, 0, 0))
        question = self.impostor.key.envelope(STATUS, status_question(0, ME))
        def given():
            return parse_envelope(self.impostor.exchange(STATUS, question).results)[1][at:at + 16]
        nonce = given()
        self.assertEqual(self.change(nonce), not_leader)
        self.assertEqual(self.change(nonce), old_nonce)
        self.assertNotEqual(given(), nonce)


class InsecureReplayTest(ReplayTest):
    """Where there is no key nobody gets more octets than it has sent either, and terms are vetted."""

    def start_member(self, i, members, *args, **_):
        host, port = members[i].rsplit(":", 1)
        self.clocks[i] = self.make_clock(name=f"clock{i}")
        options = [option for member in members for option in ("--member", member)]
        self.daemons[i] = self.start_lone_daemon(
            "--netid", "udp", "-a", host, "--socket", self.socket(i), "-c", self.clocks[i],
            "--group", "test", "--insecure-lab", "--group-port", port, *options, *args,
            netids=("udp",))

    def setUp(self):
        super().setUp()
        self.impostor.key = NoKey()


class NoKey(Key):
    def __init__(self):
        super().__init__(0, b"")

    def mac(self, *_args):
        return bytes(32)


class PathTest(GroupTest):
    """Somebody on the path between an administrator, or a leader, and a member."""

    def relay_old_answers(self, port, proc):
        """A relay to member 0 that answers each call of `proc` but the first with the first's."""
        relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        relay.bind(("127.0.0.1", port))
        self.addCleanup(relay.close)

        def run():
            old = None
            while True:
                try:
                    call, peer = relay.recvfrom(65536)
                except OSError:
                    return
                if old is None or struct.unpack_from(">I", call, 20)[0] != proc:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forward:
                        forward.settimeout(1)
                        forward.sendto(call, ("127.0.0.1", PORT))
                        old = forward.recv(65536)
                relay.sendto(call[:4] + old[4:], peer)
        threading.Thread(target=run, daemon=True).start()

    def test_an_old_status_is_not_shown(self):
        self.start_group(["0"], "--lease", "500ms", "--cycle", "200ms")
        self.wait_for_leader()
        self.relay_old_answers(PORT + 50, STATUS)
        ask = ("group", "status", "--at", f"127.0.0.1:{PORT + 50}", "--key", self.key)
        self.assertIn("leader", self.timesync(*ask).stdout, "through the relay it works")
        again = self.timesync(*ask)
        self.assertEqual((again.status, again.stdout), (1, ""))
        self.assertIn("not authenticated with this key", again.stderr)

    def test_an_old_answer_to_a_poll_moves_nothing(self):
        """A member that is played by the test answers each poll with what it said to the first."""
        offsets = ["0", "0"]
        members = self.members(3)
        fake = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        fake.bind(("127.0.0.1", PORT + 2))
        fake.settimeout(0.5)
        self.addCleanup(fake.close)
        for i, offset in enumerate(offsets):
            self.clocks[i] = self.make_clock(offset, name=f"clock{i}")
            self.start_member(i, members, "--lease", "500ms", "--cycle", "200ms", "--tolerance",
                              "1h")
        self.wait_until(lambda: self.status(1)["leads"], "one of the two leads",
                        *self.daemons.values())
        key, me, first, answered = Key.of_file(self.key), member_id("127.0.0.1", PORT + 2), None, 0
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            try:
                call, peer = fake.recvfrom(65536)
            except TimeoutError:
                continue
            xid, _, _, program, _, proc = struct.unpack_from(">6I", call)
            if program != GROUP_PROG or proc != POLL:
                continue
            _, question, mac = parse_envelope(call[40:])
            sender, _, term = struct.unpack_from(">QQQ", question, len(head(0, 0, 0)) - 24)
            if first is None:
                body = head(me, sender, term) + stamps(time.time_ns())
                first = (struct.pack(">I", key.number) + rawrpc.opaque(body) +
                         key.mac(REPLY, POLL, body, mac))
            fake.sendto(rawrpc.accepted(xid, first), peer)
            answered += 1
        self.assertGreater(answered, 5)
        self.assert_near(0, 0, SECOND // 10)
        self.assert_near(1, 0, SECOND // 10)
        self.assertGreater(self.status(1)["refused_mac"], 3)


class RateTest(GroupTest):
    def test_the_group_s_port_has_the_rate_limit_too(self):
        self.start_group(["0", "200ms", "-100ms"], "--lease", "1s", "--cycle", "500ms",
                         "--rate-limit", "1")
        leader = self.wait_for_leader()
        self.wait_for_agreement(SECOND // 20)
        self.assertEqual([self.status(i)["refused_rate_limited"] for i in range(3)], [0, 0, 0])
        stranger = rawrpc.Udp(("127.0.0.1", PORT + leader), source="127.0.0.77")
        self.addCleanup(stranger.close)

        def is_refused():
            """However much of it the kernel drops, as nobody had the time to receive it."""
            for _ in range(500):
                stranger.send(rawrpc.call(rawrpc.NULL, program=GROUP_PROG, version=1))
            return self.status(leader)["refused_rate_limited"] > 1000
        self.wait_until(is_refused, "most of that is refused, and counted", *self.daemons.values())
        self.wait_for_cycles(3, "the group goes on")

    def test_who_is_not_allowed_is_counted(self):
        self.start_group(["0"], "--allow", "127.0.0.0/30")
        stranger = rawrpc.Udp(("127.0.0.1", PORT), source="127.0.0.77")
        self.addCleanup(stranger.close)
        for _ in range(3):
            stranger.send(rawrpc.call(rawrpc.NULL, program=GROUP_PROG, version=1))
        self.wait_until(lambda: self.status(0)["refused_denied"] == 3, "it is counted",
                        *self.daemons.values())


if __name__ == "__main__":
    unittest.main()
