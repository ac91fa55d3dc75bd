# SPDX-License-Identifier: BSD-3-Clause
"""docs/protocol.md against the programs: its example is what they send, its figures are true."""

import re
import struct
import unittest
from pathlib import Path

import rawrpc
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
        self.call, self.reply = dumps()

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


if __name__ == "__main__":
    unittest.main()
