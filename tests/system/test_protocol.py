# SPDX-License-Identifier: BSD-3-Clause
"""The wire: what the server answers, byte by byte, and what it must never answer."""

import random
import struct
import time
import unittest

import rawrpc
from harness import SystemTest
from rawrpc import GET_TIME, GET_TIMESTAMPS, NULL, Tcp, Udp, auth, auth_sys, call, hyper

TS_LIMIT = 1 << 62
AMPLIFICATION_LIMIT = 1.3
UDP_NETIDS = ("udp", "udp6")
TCP_NETIDS = ("tcp", "tcp6")


class ProtocolTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()

    def udp(self, netid="udp"):
        client = Udp(self.daemon.addresses[netid])
        self.addCleanup(client.close)
        return client

    def tcp(self, netid="tcp"):
        client = Tcp(self.daemon.addresses[netid])
        self.addCleanup(client.close)
        return client

    def clients(self):
        """One client of each netid, by its name."""
        yield from ((netid, self.udp(netid)) for netid in UDP_NETIDS)
        yield from ((netid, self.tcp(netid)) for netid in TCP_NETIDS)

    def ask(self, client, message):
        """The parsed reply to the message, which must be its own and no longer than is allowed."""
        reply = client.exchange(message)
        self.assertLessEqual(len(reply), AMPLIFICATION_LIMIT * len(message))
        parsed = rawrpc.parse_reply(reply)
        self.assertEqual(parsed.xid, rawrpc.xid_of(message))
        return parsed

    def assert_accept_stat(self, client, message, stat):
        reply = self.ask(client, message)
        self.assertFalse(reply.denied, reply)
        self.assertEqual(reply.stat, stat, message.hex())

    def assert_silence(self, client, *messages):
        """The messages are not answered: the first reply is to a good call that follows them."""
        for message in messages:
            client.send(message)
        after = call(NULL)
        self.assertEqual(rawrpc.xid_of(client.exchange(after)), rawrpc.xid_of(after),
                         [message.hex() for message in messages])
        client.socket.setblocking(False)
        self.assertRaises(BlockingIOError, client.socket.recv, 1)
        client.socket.settimeout(5)


class ProceduresTest(ProtocolTest):
    def test_null_returns_nothing(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                reply = self.ask(client, call(NULL))
                self.assertEqual((reply.stat, reply.results), (rawrpc.SUCCESS, b""))

    def test_get_timestamps_is_48_bytes_each_way(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                message = call(GET_TIMESTAMPS, hyper(time.time_ns()))
                self.assertEqual(len(message), 48)
                self.assertEqual(len(client.exchange(message)), 48)

    def test_get_timestamps_brackets_the_call(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                ts1 = time.time_ns()
                reply = self.ask(client, call(GET_TIMESTAMPS, hyper(ts1)))
                ts4 = time.time_ns()
                echo, ts2, ts3 = struct.unpack(">qqq", reply.results)
                self.assertEqual(echo, ts1)
                self.assertLessEqual(ts1, ts2)
                self.assertLessEqual(ts2, ts3)
                self.assertLessEqual(ts3, ts4)

    def test_ts1_is_echoed_over_its_whole_range(self):
        client = self.udp()
        for ts1 in (0, 1, TS_LIMIT // 2, TS_LIMIT - 1):
            with self.subTest(ts1):
                reply = self.ask(client, call(GET_TIMESTAMPS, hyper(ts1)))
                self.assertEqual(reply.stat, rawrpc.SUCCESS)
                self.assertEqual(struct.unpack_from(">q", reply.results)[0], ts1)

    def test_get_time_is_between_send_and_receive(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                before = time.time_ns()
                reply = self.ask(client, call(GET_TIME))
                after = time.time_ns()
                now, max_error, sync, leap = struct.unpack(">qqii", reply.results)
                self.assertLessEqual(before, now)
                self.assertLessEqual(now, after)
                self.assertTrue(0 <= max_error < TS_LIMIT)
                self.assertIn(sync, (0, 1))
                self.assertIn(leap, range(5))

    def test_many_clients_get_their_own_replies(self):
        clients = [self.udp() for _ in range(64)]
        messages = [call(GET_TIMESTAMPS, hyper(n)) for n in range(len(clients))]
        for client, message in zip(clients, messages):
            client.send(message)
        for n, (client, message) in enumerate(zip(clients, messages)):
            reply = rawrpc.parse_reply(client.receive())
            self.assertEqual(reply.xid, rawrpc.xid_of(message))
            self.assertEqual(struct.unpack_from(">q", reply.results)[0], n)


class StrictnessTest(ProtocolTest):
    def test_timestamps_out_of_range_are_garbage(self):
        for netid, client in self.clients():
            for ts1 in (-1, -(1 << 63), TS_LIMIT, TS_LIMIT + 1, (1 << 63) - 1):
                with self.subTest(netid=netid, ts1=ts1):
                    self.assert_accept_stat(client, call(GET_TIMESTAMPS, hyper(ts1)),
                                            rawrpc.GARBAGE_ARGS)

    def test_short_arguments_are_garbage(self):
        for netid, client in self.clients():
            for length in range(8):
                with self.subTest(netid=netid, length=length):
                    self.assert_accept_stat(client, call(GET_TIMESTAMPS, hyper(1)[:length]),
                                            rawrpc.GARBAGE_ARGS)

    def test_long_arguments_are_garbage(self):
        right = {NULL: b"", GET_TIMESTAMPS: hyper(1), GET_TIME: b""}
        for netid, client in self.clients():
            for proc, args in right.items():
                for extra in (1, 3, 4, 8, 400):
                    with self.subTest(netid=netid, proc=proc, extra=extra):
                        self.assert_accept_stat(client, call(proc, args + bytes(extra)),
                                                rawrpc.GARBAGE_ARGS)

    def test_unknown_procedures_and_programs(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                for proc in (4, 99, 0xFFFFFFFF):
                    self.assert_accept_stat(client, call(proc), rawrpc.PROC_UNAVAIL)
                self.assert_accept_stat(client, call(NULL, program=100003), rawrpc.PROG_UNAVAIL)

    def test_unknown_versions_are_told_the_known_ones(self):
        for netid, client in self.clients():
            for version in (0, 2, 0xFFFFFFFF):
                with self.subTest(netid=netid, version=version):
                    reply = self.ask(client, call(NULL, version=version))
                    self.assertEqual((reply.stat, reply.low, reply.high),
                                     (rawrpc.PROG_MISMATCH, 1, 1))

    def test_a_short_call_is_not_completed_from_another_clients_bytes(self):
        whole = call(GET_TIMESTAMPS, hyper(0x1122334455667788), cred=auth_sys(b"secret-machine"))
        one, other = self.udp(), self.udp()
        for length in range(len(whole)):
            with self.subTest(length):
                self.assertEqual(self.ask(one, whole).stat, rawrpc.SUCCESS)
                if length < len(whole) - 8:
                    self.assert_silence(other, whole[:length])
                else:
                    self.assert_accept_stat(other, whole[:length], rawrpc.GARBAGE_ARGS)


class SilenceTest(ProtocolTest):
    """Messages without an answer over UDP: else two servers could be made to answer each other."""

    def test_truncated_headers(self):
        client = self.udp()
        self.assert_silence(client, *(call(NULL)[:length] for length in range(40)))

    def test_replies(self):
        client = self.udp()
        self.assert_silence(client, call(NULL, kind=rawrpc.REPLY), rawrpc.accepted(1),
                            call(GET_TIMESTAMPS, hyper(1), kind=2))

    def test_wrong_rpc_versions(self):
        client = self.udp()
        self.assert_silence(client, *(call(NULL, rpc_version=v) for v in (0, 1, 3, 0xFFFFFFFF)))

    def test_noise(self):
        noise = random.Random(1)
        client = self.udp()
        for _ in range(20):  # few enough at once for the socket's buffer
            self.assert_silence(client,
                                *(noise.randbytes(noise.randrange(1500)) for _ in range(25)))

    def test_the_largest_datagram(self):
        self.assert_silence(self.udp(), bytes(65507))

    def test_ipv6(self):
        client = self.udp("udp6")
        self.assert_silence(client, b"", call(NULL)[:39], call(NULL, rpc_version=3),
                            rawrpc.accepted(1))


class AuthenticationTest(ProtocolTest):
    def test_auth_sys_is_taken_as_no_proof_of_anything(self):
        for netid, client in self.clients():
            with self.subTest(netid):
                for cred in (auth_sys(), auth_sys(b"", 1000, 100, range(16))):
                    self.assert_accept_stat(client, call(NULL, cred=cred), rawrpc.SUCCESS)

    def test_stronger_flavours_are_refused(self):
        flavours = (rawrpc.AUTH_SHORT, rawrpc.AUTH_DES, rawrpc.RPCSEC_GSS, 390003, 0xFFFFFFFF)
        for netid, client in self.clients():
            for flavour in flavours:
                with self.subTest(netid=netid, flavour=flavour):
                    reply = self.ask(client, call(NULL, cred=auth(flavour, bytes(20))))
                    self.assertEqual(
                        (reply.denied, reply.reject, reply.auth_stat),
                        (True, rawrpc.AUTH_ERROR, rawrpc.AUTH_REJECTEDCRED))

    def test_a_gss_destroy_is_no_null_call(self):
        gss = struct.pack(">IIII", 1, 3, 0, 1) + rawrpc.opaque(b"")
        reply = self.ask(self.udp(), call(NULL, cred=auth(rawrpc.RPCSEC_GSS, gss)))
        self.assertTrue(reply.denied)

    def test_the_body_of_auth_sys_is_not_looked_at(self):
        """libtirpc would read past its end, and print to stdout what it thinks of it."""
        client = self.udp()
        whole = auth_sys(b"machine", 1, 1, (1, 2))[8:]
        too_many_groups = auth_sys(b"m", 0, 0, range(17))
        long_name = auth(rawrpc.AUTH_SYS, struct.pack(">II", 0, 256) + bytes(20))
        bodies = [auth(rawrpc.AUTH_SYS, whole[:n]) for n in range(0, len(whole), 4)]
        for cred in (*bodies, too_many_groups, long_name):
            with self.subTest(cred.hex()):
                self.assert_accept_stat(client, call(NULL, cred=cred), rawrpc.SUCCESS)
        self.assertEqual(self.daemon.stdout, "")

    def test_a_credential_longer_than_the_protocol_allows(self):
        body = bytes(404)
        for flavour in (rawrpc.AUTH_NONE, rawrpc.AUTH_SYS):
            self.assert_silence(self.udp(), call(NULL, cred=auth(flavour, body)))


class RecordsTest(ProtocolTest):
    """TCP: any fragmentation works, and a client with bad fragments harms no other."""

    def test_fragments_of_any_size(self):
        for netid in TCP_NETIDS:
            client = self.tcp(netid)
            for fragment in (1, 3, 4, 7, 24, 47):
                with self.subTest(netid=netid, fragment=fragment):
                    message = call(GET_TIMESTAMPS, hyper(5))
                    client.send_bytes(Tcp.record(message, fragment))
                    reply = rawrpc.parse_reply(client.receive())
                    self.assertEqual((reply.xid, reply.stat),
                                     (rawrpc.xid_of(message), rawrpc.SUCCESS))

    def test_one_byte_at_a_time(self):
        client = self.tcp()
        message = call(GET_TIMESTAMPS, hyper(5))
        for byte in Tcp.record(message):
            client.send_bytes(bytes([byte]))
        reply = rawrpc.parse_reply(client.receive())
        self.assertEqual((reply.xid, reply.stat), (rawrpc.xid_of(message), rawrpc.SUCCESS))

    def test_calls_back_to_back_are_answered_in_order(self):
        client = self.tcp()
        messages = [call(GET_TIMESTAMPS, hyper(n)) for n in range(100)]
        client.send_bytes(b"".join(Tcp.record(message) for message in messages))
        replies = [rawrpc.xid_of(client.receive()) for _ in messages]
        self.assertEqual(replies, [rawrpc.xid_of(message) for message in messages])

    def test_what_cannot_be_a_call_ends_the_connection(self):
        for what, data in (
                ("wrong RPC version", Tcp.record(call(NULL, rpc_version=3))),
                ("a record of 2 GB", struct.pack(">I", 0x7FFFFFFF) + bytes(100)),
                ("a whole record of 1 GB", struct.pack(">I", 0xBFFFFFFF) + bytes(100)),
                ("a reply", Tcp.record(rawrpc.accepted(1))),
                ("half a header", Tcp.record(call(NULL)[:20]))):
            with self.subTest(what):
                client = self.tcp()
                client.send_bytes(data)
                self.assertTrue(client.is_closed_by_peer())

    def test_half_a_record_delays_nobody(self):
        for half in (b"\x80", Tcp.record(call(NULL))[:20], struct.pack(">I", 48)):
            self.tcp().send_bytes(half)
        started = time.monotonic()
        for netid, client in self.clients():
            with self.subTest(netid):
                self.assert_accept_stat(client, call(NULL), rawrpc.SUCCESS)
        self.assert_within(2, started)

    def test_a_client_that_never_reads_delays_nobody(self):
        greedy = self.tcp()
        greedy.socket.setblocking(False)
        calls = Tcp.record(call(GET_TIME)) * 1000
        try:
            while True:
                greedy.send_bytes(calls)
        except (BlockingIOError, ConnectionError):
            pass
        started = time.monotonic()
        for netid, client in self.clients():
            with self.subTest(netid):
                self.assert_accept_stat(client, call(NULL), rawrpc.SUCCESS)
        self.assert_within(2, started)


if __name__ == "__main__":
    unittest.main()
