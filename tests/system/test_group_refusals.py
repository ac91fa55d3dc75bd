# SPDX-License-Identifier: BSD-3-Clause
"""What must not move a member's clock: forged, replayed, reflected, misdirected, late and outdated
messages, from a sender of our own making."""

import struct
import time
import unittest

import rawrpc
from groups import (ADJUST, ELECTION, JOIN, POLL, PORT, REFUSALS, REFUSED, SLEWED, STATUS,
                    STEP_DOWN, STEPPED, GroupTest, Impostor, Key, correction, head, member_id,
                    parse_envelope, poll, random_key, status_question)

SECOND = 1_000_000_000
LEASE_S = 0.6
HEARTBEAT = 4


def nonce_in(answer):
    """The nonce of an answer to POLL; None if it has an election message instead."""
    at = len(head(0, 0, 0))
    (refused,) = struct.unpack_from(">I", answer, at)
    return None if refused else answer[at + 4:at + 20]


class RefusalTest(GroupTest):
    """A member whose two fellows are played by the test; one of them leads."""

    def setUp(self):
        super().setUp()
        self.start_member(0, self.members(3), "--lease", f"{LEASE_S}s", "--cycle", "100ms",
                          "--max-correction", "10s")
        self.me, self.fellow, self.leader = (member_id("127.0.0.1", PORT + i) for i in range(3))
        self.impostor = Impostor(self, Key.of_file(self.key))
        self.term, self.serial = 1, 0

    def poll_body(self, term=None, sender=None):
        self.serial += 1
        return poll(sender or self.leader, self.me, term or self.term, self.serial)

    def poll(self, term=None, sender=None):
        return self.impostor.ask(POLL, self.poll_body(term, sender))

    def adjust_body(self, nonce, amount, *, term=None, sender=None, receiver=None):
        return (head(sender or self.leader, receiver or self.me, term or self.term) +
                correction(nonce, amount))

    def adjust(self, nonce, amount=SECOND, **kwargs):
        """The outcome of a correction."""
        answer = self.impostor.ask(ADJUST, self.adjust_body(nonce, amount, **kwargs))
        return struct.unpack_from(">I", answer, len(answer) - 4)[0]

    def refusals(self):
        status = self.status(0)
        return {name: status[f"refused_{name}"] for name in REFUSALS}

    def assert_unmoved(self, **counts):
        """The clock is where it was, nothing was corrected, and exactly that was counted."""
        self.assert_near(0, 0, SECOND // 10)
        self.assertEqual(self.status(0)["corrections"], 0)
        self.assertEqual(self.refusals(), {**dict.fromkeys(REFUSALS, 0), **counts})

    def assert_denied(self, reply):
        self.assertIsInstance(reply, rawrpc.Reply)
        self.assertTrue(reply.denied, reply)

    # --- that the test speaks the language at all ---

    def test_a_leader_is_obeyed_once_a_nonce(self):
        nonce = nonce_in(self.poll())
        self.assertEqual(self.adjust(nonce, 2 * SECOND), STEPPED)
        self.assert_near(0, 2 * SECOND, SECOND // 10)
        time.sleep(0.1)
        self.assertEqual(self.adjust(nonce_in(self.poll()), 10_000), SLEWED)
        self.assertEqual(self.status(0)["corrections"], 2)
        self.assertEqual(set(self.refusals().values()), {0})

    # --- strangers ---

    def test_another_key(self):
        nonce = nonce_in(self.poll())
        stranger = Impostor(self, random_key())
        self.assert_denied(stranger.ask(POLL, self.poll_body()))
        self.assert_denied(stranger.ask(ADJUST, self.adjust_body(nonce, SECOND)))
        same_number = Impostor(self, random_key())
        same_number.key.number = self.impostor.key.number
        self.assert_denied(same_number.ask(ADJUST, self.adjust_body(nonce, SECOND)))
        self.assert_unmoved(mac=3)

    def test_no_key(self):
        body = self.adjust_body(nonce_in(self.poll()), SECOND)
        args = struct.pack(">I", 0) + rawrpc.opaque(body) + bytes(32)
        self.assert_denied(self.impostor.exchange(ADJUST, args))
        self.assert_unmoved(mac=1)

    def test_a_body_that_was_changed(self):
        args = bytearray(self.impostor.key.envelope(
            ADJUST, self.adjust_body(nonce_in(self.poll()), SECOND)))
        for at in (3, 12, len(args) - 33, len(args) - 1):
            changed = bytearray(args)
            changed[at] ^= 1
            self.assert_denied(self.impostor.exchange(ADJUST, bytes(changed)))
        self.assert_unmoved(mac=4)

    def test_nonsense_with_a_mac(self):
        for proc in (POLL, ADJUST, ELECTION, JOIN, STATUS):
            reply = self.impostor.ask(proc, b"nonsense")
            self.assertEqual(reply.stat, rawrpc.GARBAGE_ARGS, proc)
        self.assertEqual(self.impostor.ask(ADJUST, head(self.leader, self.me, 1)).stat,
                         rawrpc.GARBAGE_ARGS)
        self.assert_unmoved(malformed=6)

    # --- messages of before, or from elsewhere ---

    def test_a_replayed_correction(self):
        args = self.impostor.key.envelope(
            ADJUST, self.adjust_body(nonce_in(self.poll()), SECOND))
        outcomes = []
        for _ in range(3):
            _, answer, _ = parse_envelope(self.impostor.exchange(ADJUST, args).results)
            outcomes.append(struct.unpack_from(">I", answer, len(answer) - 4)[0])
            time.sleep(0.06)
        self.assertEqual(outcomes, [STEPPED, REFUSED, REFUSED])
        self.assert_near(0, SECOND, SECOND // 10)
        self.assertEqual(self.refusals()["replayed"], 2)

    def test_a_nonce_that_was_never_given(self):
        self.poll()
        self.assertEqual(self.adjust(bytes(16)), REFUSED)
        self.assert_unmoved(replayed=1)

    def test_a_nonce_that_a_newer_one_has_replaced(self):
        old = nonce_in(self.poll())
        self.poll()
        self.assertEqual(self.adjust(old), REFUSED)
        self.assert_unmoved(replayed=1)

    def test_a_nonce_that_is_too_old(self):
        nonce = nonce_in(self.poll())
        time.sleep(LEASE_S + 0.1)
        self.assertEqual(self.adjust(nonce), REFUSED)
        self.assert_unmoved(late=1)

    def test_its_own_words(self):
        """A reply as a call; a call of its own sent back to it."""
        args = self.impostor.key.envelope(POLL, self.poll_body())
        answer = self.impostor.exchange(POLL, args).results
        self.assert_denied(self.impostor.exchange(POLL, answer))
        for receiver in (self.fellow, self.me):
            own = poll(self.me, receiver, 1, 5)
            self.assert_denied(self.impostor.ask(POLL, own))
        self.assert_unmoved(mac=1, misdirected=2)

    def test_a_mac_of_another_procedure(self):
        args = self.impostor.key.envelope(POLL, self.poll_body())
        self.assert_denied(self.impostor.exchange(STATUS, args))
        body = self.adjust_body(nonce_in(self.poll()), SECOND)
        self.assert_denied(self.impostor.exchange(ADJUST, self.impostor.key.envelope(JOIN, body)))
        self.assert_unmoved(mac=2)

    def test_for_another_member_or_group(self):
        nonce = nonce_in(self.poll())
        self.assert_denied(self.impostor.ask(
            ADJUST, self.adjust_body(nonce, SECOND, receiver=self.fellow)))
        body = head(self.leader, self.me, 1, group="other") + correction(nonce, SECOND)
        self.assert_denied(self.impostor.ask(ADJUST, body))
        self.assert_unmoved(misdirected=2)

    # --- leaders that are none ---

    def test_an_old_leader(self):
        old = nonce_in(self.poll(term=3))
        self.assertIsNotNone(nonce_in(self.poll(term=4, sender=self.fellow)))
        self.assertEqual(self.adjust(old, term=3), REFUSED)
        self.assertIsNone(nonce_in(self.poll(term=3)), "its polls are refused as well")
        self.assert_unmoved(old_term=2)

    def test_one_who_does_not_lead(self):
        nonce = nonce_in(self.poll())
        self.assertEqual(self.adjust(nonce, sender=self.fellow), REFUSED)
        self.assertIsNone(nonce_in(self.poll(sender=self.fellow)))
        self.assertEqual(self.status(0)["corrections"], 0)
        self.assertEqual(self.refusals()["not_leader"], 1)

    def test_an_old_heartbeat_changes_nothing(self):
        self.poll(term=5)
        body = (head(self.fellow, self.me, 4) +
                struct.pack(">IQQqQQQIQIII", HEARTBEAT, 9, 0, int(LEASE_S * SECOND),
                            0, 0, 0, 0, 0, 0, 0, 0))
        answer = self.impostor.ask(ELECTION, body)
        (has_answer,) = struct.unpack_from(">I", answer, len(head(0, 0, 0)))
        self.assertEqual(has_answer, 1)
        status = self.status(0)
        self.assertEqual((status["term"], status["leader"]), (5, f"127.0.0.1:{PORT + 2}"))
        self.assertEqual(status["election_declined"], 1)

    # --- corrections that cannot be right ---

    def test_too_large_a_correction(self):
        for amount in (10 * SECOND + 1, -10 * SECOND - 1, 3600 * SECOND):
            self.assertEqual(self.adjust(nonce_in(self.poll()), amount), REFUSED)
        reply = self.impostor.ask(ADJUST, self.adjust_body(nonce_in(self.poll()), -(1 << 63)))
        self.assertEqual(reply.stat, rawrpc.GARBAGE_ARGS)
        self.assert_unmoved(too_large=3, malformed=1)

    def test_too_soon_a_correction(self):
        self.assertEqual(self.adjust(nonce_in(self.poll())), STEPPED)
        self.assertEqual(self.adjust(nonce_in(self.poll())), REFUSED)
        self.assert_near(0, SECOND, SECOND // 10)
        self.assertEqual(self.refusals()["late"], 1)

    def test_a_clock_that_somebody_else_has_set(self):
        nonce = nonce_in(self.poll())
        self.timesync("clock", "adjust", self.clocks[0], "--step", "5s")
        self.assertEqual(self.adjust(nonce), REFUSED)
        self.assert_near(0, 5 * SECOND, SECOND // 10)
        self.assertEqual(self.refusals()["clock_moved"], 1)

    # --- changes ---

    def test_a_change_without_its_nonce(self):
        body = head(0, self.me, 1) + bytes(16)
        for proc, rest in ((JOIN, rawrpc.opaque(bytes([127, 0, 0, 9, 27, 88]))),
                           (STEP_DOWN, rawrpc.opaque(b""))):
            answer = self.impostor.ask(proc, body + rest)
            self.assertEqual(struct.unpack_from(">I", answer, len(answer) - 4)[0], 7)
        self.assert_unmoved(replayed=2)

    def test_the_time_is_public(self):
        """The group's port serves without a key only what any server serves."""
        message = rawrpc.call(rawrpc.GET_TIMESTAMPS, rawrpc.hyper(1))
        self.assertEqual(rawrpc.parse_reply(self.impostor.udp.exchange(message)).stat,
                         rawrpc.SUCCESS)


class InsecureTest(GroupTest):
    def test_strangers_leave_room(self):
        daemon, _ = [self.start_lone_daemon(
            "--netid", "udp", "-a", "127.0.0.1", "--socket", self.socket(i), "-c",
            self.make_clock(name=f"clock{i}"), "--group", "test", "--insecure-lab",
            "--group-port", str(PORT + i), "--member", f"127.0.0.1:{PORT + i}", "--lease",
            "500ms", "--cycle", "200ms", netids=("udp",)) for i in range(2)]
        self.wait_until(lambda: self.status(0)["leads"], "it leads itself", daemon)
        impostor = Impostor(self, None)
        me = member_id("127.0.0.1", PORT)
        for port in range(10000, 11100):  # more than a group can have
            body = status_question(member_id("192.0.2.1", port), me)
            args = struct.pack(">I", 0) + rawrpc.opaque(body) + bytes(32)
            reply = impostor.exchange(STATUS, args)
            self.assertEqual(reply.stat, rawrpc.SUCCESS)
        result = self.timesync("group", "join", f"127.0.0.1:{PORT + 1}", "--socket",
                               self.socket(0))
        self.assertEqual(result.status, 0, result)


if __name__ == "__main__":
    unittest.main()
