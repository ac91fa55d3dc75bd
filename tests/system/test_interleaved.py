# SPDX-License-Identifier: BSD-3-Clause
"""The interleaved mode: exact transmit timestamps, for the client that asks and no other."""

import struct
import unittest

import rawrpc
from fakeserver import FakeServer, honest, stamps
from harness import SystemTest, host_port

INTERLEAVED = 3


def call(ts1, prev_ts2):
    return rawrpc.call(INTERLEAVED, struct.pack(">qq", ts1, prev_ts2))


class ServerTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()

    def client(self, netid="udp"):
        udp = rawrpc.Udp(self.daemon.addresses[netid])
        self.addCleanup(udp.close)
        return udp

    def ask(self, client, prev_ts2, ts1=1):
        message = call(ts1, prev_ts2)
        reply = client.exchange(message)
        self.assertEqual(len(reply), len(message))
        return struct.unpack(">qqqq", rawrpc.parse_reply(reply).results)

    def test_it_tells_when_the_previous_reply_left(self):
        for netid in ("udp", "udp6"):
            with self.subTest(netid):
                client = self.client(netid)
                ts1, first_ts2, first_ts3, prev_tx = self.ask(client, 0, 5)
                self.assertEqual((ts1, prev_tx), (5, 0))
                _, ts2, _, prev_tx = self.ask(client, first_ts2)
                self.assertLessEqual(first_ts3, prev_tx)
                self.assertLess(prev_tx, ts2)

    def test_it_says_so_when_it_does_not_know(self):
        client, other = self.client(), self.client()
        _, ts2, _, _ = self.ask(client, 0)
        for wrong in (ts2 + 1, ts2 - 1, 0, 1):
            self.assertEqual(self.ask(self.client(), wrong)[3], 0)
        self.assertEqual(self.ask(other, ts2)[3], 0, "another client's transmit timestamp was told")
        self.assertNotEqual(self.ask(client, ts2)[3], 0)
        self.assertEqual(self.ask(client, ts2)[3], 0, "only the last reply is remembered")

    def test_tcp_has_no_transmit_timestamps(self):
        tcp = rawrpc.Tcp(self.daemon.addresses["tcp"])
        self.addCleanup(tcp.close)
        for prev in (0, 1):
            reply = rawrpc.parse_reply(tcp.exchange(call(1, prev)))
            self.assertEqual(struct.unpack(">qqqq", reply.results)[3], 0)

    def test_bad_timestamps_are_garbage(self):
        for args in ((-1, 0), (1 << 62, 0), (0, -1), (0, 1 << 62)):
            reply = rawrpc.parse_reply(self.client().exchange(call(*args)))
            self.assertEqual(reply.stat, rawrpc.GARBAGE_ARGS)

    def test_it_answers_others_while_stamps_wait(self):
        """A client that is gone before its stamp is there leaves no error behind."""
        for _ in range(50):
            client = self.client()
            client.send(call(1, 0))
            client.close()
        self.assert_within_bound(self.timesync_json("query", host_port(self.daemon.addresses["udp"])))


class ClientTest(SystemTest):
    def test_offset_and_bound(self):
        daemon = self.start_lone_daemon()
        for netid in ("udp", "udp6"):
            with self.subTest(netid):
                address = host_port(daemon.addresses[netid])
                plain = self.timesync_json("query", "-m", "ntp", address)
                answer = self.timesync_json("query", "-m", "ntp", "--interleaved", address)
                self.assert_within_bound(answer)
                self.assertEqual(len(answer["samples"]), 5)
                self.assertEqual(answer["rounds"]["sent"], 5 + 1 + 1)
                self.assertLess(float(answer["delay_s"]), float(plain["delay_s"]),
                                "exact transmit timestamps make the delay shorter")

    def test_with_a_clock_file(self):
        clock = self.make_clock(offset="-3s")  # the truth stands still
        address = host_port(self.start_lone_daemon().addresses["udp"])
        before = self.clock_offset_ns(clock)
        answer = self.timesync_json("query", "--interleaved", "-m", "ntp", "-c", clock, address)
        after = self.clock_offset_ns(clock)
        self.assert_within_bound(answer, -(before + after) // 2)

    def test_through_losses(self):
        relay = self.start_relay(self.start_lone_daemon().addresses["udp"], "--drop", "20",
                                 "--seed", "3")
        answer = self.timesync_json("query", "--interleaved", "-n", "20", "--timeout", "50ms",
                                    host_port(relay.address))
        self.assert_within_bound(answer)
        self.assertGreater(answer["rounds"]["lost"], 0)

    def test_a_server_that_does_not_know_the_procedure(self):
        def answer(message):
            if struct.unpack_from(">I", message, 20)[0] == INTERLEAVED:
                return rawrpc.accepted(rawrpc.xid_of(message), stat=rawrpc.PROC_UNAVAIL)
            return honest(message)

        server = FakeServer(lambda message, n: [stamps(message)], answer)
        self.addCleanup(server.close)
        result = self.timesync("query", "--interleaved", host_port(server.address))
        self.assertEqual(result.status, 1)
        self.assertIn("without --interleaved", result.stderr)

    def test_only_over_udp(self):
        result = self.timesync("query", "--interleaved", "-t", "tcp", "127.0.0.1:9")
        self.assertEqual(result.status, 2)
        self.assertIn("udp", result.stderr)


if __name__ == "__main__":
    unittest.main()
