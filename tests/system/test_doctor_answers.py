# SPDX-License-Identifier: BSD-3-Clause
"""timesync doctor: servers that answer, but so that no measurement is possible."""

import contextlib
import socket
import struct
import threading
import time
import unittest

import rawrpc
from doctorcase import DoctorTest
from fakeserver import FakeServer, honest, stamps, time_reply
from harness import host_port, universal_address

AUTH_TOOWEAK = SYSTEM_ERR = 5  # an auth_stat and an accept_stat of RFC 5531


def denied(call, why=rawrpc.AUTH_REJECTEDCRED):
    return struct.pack(">IIIII", rawrpc.xid_of(call), rawrpc.REPLY, rawrpc.DENIED,
                       rawrpc.AUTH_ERROR, why)


def forged(call, *times):
    return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqq", *times))


def status(stat):
    return lambda call: rawrpc.accepted(rawrpc.xid_of(call), stat=stat)


NO_USE = {
    "refused": denied,
    "garbage arguments": status(rawrpc.GARBAGE_ARGS),
    "system error": status(SYSTEM_ERR),
    "no such procedure": status(rawrpc.PROC_UNAVAIL),
    "wrong echo": lambda call: forged(call, 1, time.time_ns(), time.time_ns()),
    "out of range": lambda call: forged(call, struct.unpack_from(">q", call, 40)[0], -5, -4),
    "too short": lambda call: stamps(call)[:40],
    "too long": lambda call: stamps(call) + bytes(40),
}


class Rpcbind:
    """Answers as an rpcbind would that is behind a translation of addresses."""

    NULL, GETADDR, DUMP = 0, 3, 4

    def __init__(self, host, port):
        self.names = universal_address((host, port))
        self.lists = universal_address(("0.0.0.0", port))

    def __call__(self, call):
        (proc,) = struct.unpack_from(">I", call, 20)
        entry = struct.pack(">III", 1, rawrpc.TIMESYNC_PROG, 1) + b"".join(
            rawrpc.opaque(text.encode()) for text in ("udp", self.lists, "superuser"))
        results = {self.NULL: b"", self.GETADDR: rawrpc.opaque(self.names.encode()),
                   self.DUMP: entry + bytes(4)}
        return rawrpc.accepted(rawrpc.xid_of(call), results[proc])


class AnswersTest(DoctorTest):
    def serve(self, answer, answer_other=honest):
        server = FakeServer(answer, answer_other)
        self.addCleanup(server.close)
        return host_port(server.address)

    def test_a_measurement_that_works(self):
        server = self.serve(lambda call, n: [stamps(call, 2 * 10**9)],
                            lambda call: honest(call, 2 * 10**9))
        checks = self.diagnose(server)
        self.assert_none(checks[:-1], "failure")
        self.assert_check(checks[-1:], "measurement", "ok", " s slow, +/- ")
        self.assertIn(f"against {server} over udp", checks[-1]["text"])

    def test_answers_of_no_use(self):
        for what, answer in NO_USE.items():
            with self.subTest(what):
                server = self.serve(lambda call, n, answer=answer: [answer(call)])
                self.assertEqual(self.timesync("query", server).status, 1)
                checks = self.diagnose(server)
                self.assert_check(checks, "server-udp", "failure", "GET_TIMESTAMPS were answered",
                                  "See which program")
                self.assert_check(checks, "measurement", "failure", "there is none over udp: ")

    def test_every_call_is_refused(self):
        server = self.serve(None, denied)
        self.assert_check(self.diagnose(server), "server-udp", "failure", f"{server} over udp",
                          "refuses this client")

    def test_it_wants_a_key(self):
        server = self.serve(None, lambda call: denied(call, AUTH_TOOWEAK))
        self.assert_check(self.diagnose(server), "server-udp", "failure", "AUTH_TOOWEAK",
                          "Give both sides the same key file")

    def test_it_contradicts_itself(self):
        """Each procedure is right by itself; the times that they tell are not one."""
        for ahead in (10**9, -10**9):
            with self.subTest(ahead):
                server = self.serve(lambda call, n: [stamps(call)], lambda call, ahead=ahead:
                                    time_reply(call, ahead) if call[20:24] == struct.pack(
                                        ">I", rawrpc.GET_TIME) else honest(call))
                checks = self.diagnose(server)
                self.assert_check(checks, "clock", "failure", "contradicts itself: by GET_TIME",
                                  "broken")

    def test_no_measurement_without_a_server(self):
        checks = self.diagnose("127.0.0.1:9")
        self.assertEqual(self.state_of(checks, "measurement"), set())


class NamedHostTest(DoctorTest):
    def test_rpcbind_names_another_host(self):
        """Which is not believed: the host that was asked is the server, at the named port."""
        server = FakeServer(lambda call, n: [stamps(call)])
        self.addCleanup(server.close)
        rpcbind = FakeServer(None, Rpcbind("192.0.2.9", server.address[1]), port=111)
        self.addCleanup(rpcbind.close)
        checks = self.diagnose("127.0.0.1")
        self.assert_check(checks, "registration", "warning",
                          "rpcbind on 127.0.0.1 names another host over udp, 192.0.2.9",
                          f"port {server.address[1]} of 127.0.0.1")
        self.assert_check(checks, "server-udp", "ok", host_port(server.address))
        self.assert_check(checks, "loss", "ok", f"20 probes of {host_port(server.address)}")


class HostileTest(DoctorTest):
    def test_a_stream_of_foreign_records(self):
        """Which ends only when it is hung up on."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(10)
            stream = threading.Thread(target=self.stream, args=[listener])
            stream.start()
            began = time.monotonic()
            checks = self.diagnose(host_port(listener.getsockname()))
            self.assert_within(10, began)
            stream.join()
        self.assert_check(checks, "server-tcp", "failure", "messages that answer nothing")

    @staticmethod
    def stream(listener):
        connection, _address = listener.accept()
        record = struct.pack(">I", 0x80000018) + struct.pack(">6I", 1, 1, 0, 0, 0, 0)
        with connection, contextlib.suppress(ConnectionError):
            connection.recv(100)
            while True:
                connection.sendall(record * 100)


class SlowTest(DoctorTest):
    def test_a_server_that_is_always_just_in_time(self):
        """It cannot hold doctor up for longer than some multiple of the timeout."""
        def late(call):
            time.sleep(0.15)
            return honest(call)

        server = FakeServer(lambda call, n: [late(call)], late)
        self.addCleanup(server.close)
        began = time.monotonic()
        self.doctor("--timeout=200ms", host_port(server.address))
        self.assert_within(15, began)


if __name__ == "__main__":
    unittest.main()
