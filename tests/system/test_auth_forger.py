# SPDX-License-Identifier: BSD-3-Clause
"""A forger on the path of authenticated calls: it changes, replays, reflects and delays what it
likes, and moves nothing but by delay, which the bound has.
"""

import struct
import unittest

import rawrpc
from authcase import AHEAD_NS, AuthTest
from authentic import CALL_ARGS, Forger, Key, same_xid
from fakeserver import honest
from harness import host_port, ns

LIE_NS = 5_000_000_000  # that the forger would have the client believe
ROUNDS = ("-n", "3", "--timeout", "100ms")


class ForgerTest(AuthTest):
    """What sits on the path is believed by a client without a key, and by none with one."""

    def setUp(self):
        super().setUp()
        self.daemon = self.serve("--key", self.key, netids=("udp",))

    def forger(self, **hands):
        forger = Forger(self.daemon.addresses["udp"], **hands)
        self.addCleanup(forger.close)
        return forger

    def ask(self, forger, *args):
        return self.timesync("query", *ROUNDS, "--json", *args, host_port(forger.address))

    def moved(self, result):
        """Whether the forger had its way: the lie is within the bound."""
        answer = result.json_lines[0]
        error = ns(answer["offset_s"]) - AHEAD_NS - LIE_NS
        return abs(error) <= ns(answer["max_error_s"])

    @staticmethod
    def lie(call):
        """A reply of another time, without a MAC."""
        plain = call if len(call) < CALL_ARGS else call[:40] + call[CALL_ARGS:]
        return honest(plain, AHEAD_NS + LIE_NS)

    @staticmethod
    def changed(call, reply):
        """The reply with all server's timestamps moved by the lie."""
        (proc,) = struct.unpack_from(">I", call, 20)
        places = {rawrpc.NULL: (), rawrpc.GET_TIMESTAMPS: (-16, -8), rawrpc.GET_TIME: (-24,)}
        moved = bytearray(reply)
        for at in (len(reply) + place for place in places[proc]):
            struct.pack_into(">q", moved, at, struct.unpack_from(">q", reply, at)[0] + LIE_NS)
        return bytes(moved)

    def test_it_passes_on(self):
        self.check_right(self.ask(self.forger(), "--key", self.key))

    def test_a_lie_in_front_of_the_truth(self):
        forger = self.forger(to_client=lambda call, reply: [(0, self.lie(call)), (0, reply)])
        self.assertTrue(self.moved(self.ask(forger)))
        self.check_right(self.ask(forger, "--key", self.key))

    def test_timestamps_that_were_changed(self):
        forger = self.forger(to_client=lambda call, reply: [(0, self.changed(call, reply))])
        self.assertTrue(self.moved(self.ask(forger)))
        self.check_wrong(self.ask(forger, "--key", self.key), "not authentic under key")

    def test_changed_ones_in_front_of_the_right_ones(self):
        def hands(_call, reply):
            return [(0, reply[:i] + bytes([reply[i] ^ 0x40]) + reply[i + 1:])
                    for i in range(4, len(reply), 7)] + [(0, reply)]
        self.check_right(self.ask(self.forger(to_client=hands), "--key", self.key))

    def test_replies_of_earlier(self):
        old = []

        def hands(call, reply):
            old.append(reply)
            same = [r for r in old[:-1] if len(r) == len(reply)]
            return [(0, same_xid(r, call)) for r in same] + [(0, reply)]
        for _ in range(2):
            self.check_right(self.ask(self.forger(to_client=hands), "--key", self.key))
        self.assertEqual(len(old), 2 * (1 + 3 + 1))

    def test_calls_come_back(self):
        def hands(call, reply):
            as_reply = call[:4] + struct.pack(">I", rawrpc.REPLY) + call[8:]
            return [(0, call), (0, as_reply), (0, reply)]
        self.check_right(self.ask(self.forger(to_client=hands), "--key", self.key))

    def test_denials(self):
        def denial(call):
            return struct.pack(">IIIII", rawrpc.xid_of(call), rawrpc.REPLY, rawrpc.DENIED,
                               rawrpc.AUTH_ERROR, rawrpc.AUTH_REJECTEDCRED)
        forger = self.forger(to_client=lambda call, reply: [(0, denial(call)), (0, reply)])
        self.check_wrong(self.ask(forger), "AUTH_REJECTEDCRED")
        self.check_right(self.ask(forger, "--key", self.key))

    def test_calls_that_were_changed_or_repeated(self):
        def hands(call):
            if len(call) < CALL_ARGS + 8:
                return [(0, call)]
            at = CALL_ARGS + 7
            return [(0, call[:at] + bytes([call[at] ^ 1]) + call[at + 1:]), (0, call), (0, call)]
        self.check_right(self.ask(self.forger(to_server=hands), "--key", self.key))

    def test_the_credentials_taken_away(self):
        """A call that is made a plain one is answered, but not believed."""
        def hands(call):
            plain = call[:24] + bytes(16) + call[CALL_ARGS:]
            return [(0, plain)] if len(call) >= CALL_ARGS else [(0, call)]
        self.check_wrong(self.ask(self.forger(to_server=hands), "--key", self.key),
                         "not authentic under key")

    def test_another_interleaved_timestamp(self):
        def hands(_call, reply):
            if len(reply) != 108:
                return [(0, reply)]
            return [(0, reply[:-8] + rawrpc.hyper(1)), (0, reply)]
        self.check_right(self.ask(self.forger(to_client=hands), "--key", self.key, "--interleaved"))

    def test_delay_is_all_that_it_can_do(self):
        """It shifts the offset by half of the delay, and the bound has that."""
        delay_ns = 30_000_000
        forger = self.forger(to_server=lambda call: [(delay_ns / 1e9, call)])
        answer = self.ask(forger, "--key", self.key, "-m", "minimum").json_lines[0]
        self.assert_within_bound(answer, AHEAD_NS)
        self.assertGreater(ns(answer["offset_s"]) - AHEAD_NS, delay_ns // 3)
        self.assertGreater(ns(answer["delay_s"]), delay_ns)

    def test_a_server_that_it_plays_itself(self):
        """Also when it has the keys of others."""
        strange = Key(Key.read(self.key).key_id, bytes(32))

        def reply(call):
            (ts1,) = struct.unpack_from(">q", call, CALL_ARGS)
            return strange.reply(call, struct.pack(">qqq", ts1, ts1 + LIE_NS, ts1 + LIE_NS))
        forger = self.forger(to_client=lambda call, right: [
            (0, reply(call) if len(call) == 100 else right)])
        self.check_wrong(self.ask(forger, "-m", "ntp", "--key", self.key), "not authentic under key")


if __name__ == "__main__":
    unittest.main()
