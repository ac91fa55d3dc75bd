# SPDX-License-Identifier: BSD-3-Clause
"""docs/protocol.md against the programs: its example is what they send, its figures are true."""

import os
import re
import struct
import unittest
from pathlib import Path

import rawrpc
from authentic import CALL_ARGS, CALL_MAC, MAC, NONCE, REPLY_MAC, Key
from fakeserver import FakeServer, honest
from harness import SystemTest, host_port

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/protocol.md").read_text(encoding="ascii")
XID, T1 = slice(0, 4), slice(40, 48)
T2, T3 = slice(32, 40), slice(40, 48)  # in a reply


def dumps():
    """The messages that are given in hexadecimal."""
    blocks = re.findall(r"(?:^    (?:[0-9a-f]{8} ?)+\n)+", DOCUMENT, re.M)
    return [bytes.fromhex("".join(block.split())) for block in blocks]


def with_part(message, where, octets):
    return message[:where.start] + octets + message[where.stop:]


class DocumentTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.call, self.reply, *_ = dumps()

    def test_the_client_sends_that_call(self):
        seen = []

        def answer(call, _n):
            seen.append(call)
            return [honest(call)]

        server = FakeServer(answer)
        self.addCleanup(server.close)
        self.timesync_json("query", host_port(server.address))
        for call in seen:
            same = with_part(with_part(call, XID, self.call[XID]), T1, self.call[T1])
            self.assertEqual(same.hex(), self.call.hex())

    def test_the_server_sends_that_reply(self):
        daemon = self.start_lone_daemon()
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        reply = client.exchange(self.call)
        same = with_part(with_part(reply, T2, self.reply[T2]), T3, self.reply[T3])
        self.assertEqual(same.hex(), self.reply.hex())

    def test_the_sums_of_the_example(self):
        t1, t2, t3 = struct.unpack(">qqq", self.reply[24:])
        (t4,) = map(int, re.findall(r"`t4` of (\d+)", DOCUMENT))
        said = re.search(r"delay\s+is\s+([\d.]+)\s+us, and the offset\s+([\d.]+)\s+us", DOCUMENT)
        self.assertEqual((t4 - t1 - (t3 - t2)) / 1000, float(said[1]))
        self.assertEqual((t2 - t1 + t3 - t4) // 2 / 1000, float(said[2]))

    def test_the_lengths(self):
        daemon = self.start_lone_daemon()
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        rows = re.findall(r"^\| (\d) \| \w+ \| (\d+) \| (\d+) \|", DOCUMENT, re.M)
        self.assertEqual([int(row[0]) for row in rows], [0, 1, 2, 3])
        for proc, call, reply in (map(int, row) for row in rows):
            message = rawrpc.call(proc, bytes(call - 40))
            self.assertEqual(len(message), call)
            self.assertEqual(len(client.exchange(message)), reply)

    def test_what_a_client_makes_of_unknown_values(self):
        def unknown(call):
            if struct.unpack_from(">I", call, 20) != (rawrpc.GET_TIME,):
                return honest(call)
            stamp = struct.unpack(">q", honest(call)[24:32])[0]
            return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqii", stamp, 7, 99, 98))

        server = FakeServer(lambda call, _n: [honest(call)], unknown)
        self.addCleanup(server.close)
        result = self.timesync_json("query", host_port(server.address))
        self.assertEqual(result["server"],
                         {"sync": "unsynchronised", "max_error_s": None, "leap": "unknown"})


class AuthenticatedTest(SystemTest):
    """The same for the calls and replies of AUTH_MAC."""

    KEY = Key(7, bytes(range(32)))

    def setUp(self):
        super().setUp()
        *_, self.call, self.reply = dumps()
        self.key = self.path("key")
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(self.KEY.line())

    def test_the_document_agrees_with_itself(self):
        self.assertTrue(self.KEY.is_call(self.call))
        self.assertTrue(self.KEY.is_reply(self.call, self.reply))

    def test_the_client_sends_that_call(self):
        seen = []

        def answer(call, _n=None):
            seen.append(call)
            plain = honest(call[:40] + call[CALL_ARGS:])
            return self.KEY.reply(call, plain[24:])

        server = FakeServer(lambda call, n: [answer(call)], answer)
        self.addCleanup(server.close)
        self.timesync_json("query", "--key", self.key, host_port(server.address))
        self.assertGreaterEqual(len(seen), 7)
        for call in seen:
            self.assertTrue(self.KEY.is_call(call), call.hex())
        (stamps, *_) = [call for call in seen if len(call) == len(self.call)]
        same = with_part(stamps, XID, self.call[XID])
        for part in (slice(CALL_MAC, CALL_MAC + MAC + NONCE), slice(CALL_ARGS, len(stamps))):
            same = with_part(same, part, self.call[part])
        self.assertEqual(same.hex(), self.call.hex())
        nonces = {call[CALL_MAC + MAC:CALL_ARGS] for call in seen}
        self.assertEqual(len(nonces), len(seen))

    def test_the_server_sends_that_reply(self):
        daemon = self.start_lone_daemon("--key", self.key)
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        reply = client.exchange(self.call)
        self.assertTrue(self.KEY.is_reply(self.call, reply))
        same = with_part(reply, slice(REPLY_MAC, REPLY_MAC + MAC), self.reply[REPLY_MAC:REPLY_MAC + MAC])
        self.assertEqual(same[:-16].hex(), self.reply[:-16].hex())

    def test_the_lengths(self):
        daemon = self.start_lone_daemon("--key", self.key)
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        rows = re.findall(r"^\| (\d) \| \w+ \| (\d+) \|$", DOCUMENT, re.M)
        self.assertEqual([int(row[0]) for row in rows], [0, 1, 2, 3])
        for proc, length in (map(int, row) for row in rows):
            message = self.KEY.call(proc, bytes(length - CALL_ARGS))
            reply = client.exchange(message)
            self.assertTrue(self.KEY.is_reply(message, reply))
            self.assertEqual(rawrpc.parse_reply(reply).stat, rawrpc.SUCCESS)


if __name__ == "__main__":
    unittest.main()
