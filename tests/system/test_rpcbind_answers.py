# SPDX-License-Identifier: BSD-3-Clause
"""What rpcbinds say of where a server is: the port is believed, the host is the one that was asked,
and older versions are spoken too."""

import socket
import struct
import threading
import unittest

import rawrpc
from doctorcase import register
from fakeserver import FakeServer, honest
from harness import SystemTest, universal_address

GETADDR, DUMP = 3, 4


class FakeRpcbind:
    """One that answers over UDP as `answer(proc, args)` says, of versions up to `newest`."""

    def __init__(self, answer, newest=4):
        self._answer, self._newest = answer, newest
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 111))
        self._socket.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.versions = set()

    def _reply(self, call):
        version, proc = struct.unpack_from(">II", call, 16)
        self.versions.add(version)
        if version > self._newest:
            return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">II", 2, self._newest),
                                   rawrpc.PROG_MISMATCH)
        results = b"" if proc == rawrpc.NULL else self._answer(proc, call[40:])
        return rawrpc.accepted(rawrpc.xid_of(call), results)

    def _serve(self):
        with self._socket:
            while not self._over.is_set():
                try:
                    call, client = self._socket.recvfrom(65536)
                except TimeoutError:
                    continue
                self._socket.sendto(self._reply(call), client)

    def close(self):
        self._over.set()
        self._thread.join()


class AnswersTest(SystemTest):
    def rpcbind(self, answer, newest=4):
        rpcbind = FakeRpcbind(answer, newest)
        self.addCleanup(rpcbind.close)
        return rpcbind

    def serve(self):
        server = FakeServer(lambda call, n: [honest(call)])
        self.addCleanup(server.close)
        return server

    def test_the_host_is_the_one_that_was_asked(self):
        """As behind a translation of addresses; at the other address there is nobody, or a stranger."""
        server = self.serve()
        for host in ("127.0.0.9", "172.18.0.2", "0.0.0.0", "2001:db8::1"):
            named = universal_address((host, server.address[1])).encode()

            def answer(proc, _args, named=named):
                return rawrpc.opaque(named) if proc == GETADDR else bytes(4)
            rpcbind = FakeRpcbind(answer)
            try:
                with self.subTest(host):
                    self.assert_within_bound(self.timesync_json("query", "127.0.0.1"))
                    result = self.timesync("doctor", "-4", "--timeout", "300ms", "127.0.0.1")
                    self.assertIn(f"127.0.0.1:{server.address[1]}", result.stdout)
                    self.assertNotIn(f"{host}:{server.address[1]}", result.stdout)
                    self.assertNotIn(f"[{host}]:{server.address[1]}", result.stdout)
            finally:
                rpcbind.close()

    def test_older_versions(self):
        server = self.serve()
        port = server.address[1]
        for newest, results in ((3, rawrpc.opaque(universal_address(server.address).encode())),
                                (2, struct.pack(">I", port))):
            with self.subTest(newest):
                rpcbind = FakeRpcbind(lambda proc, args, results=results: results, newest)
                try:
                    self.timesync_json("query", "127.0.0.1")
                    self.assertEqual(rpcbind.versions, set(range(newest, 5)))
                finally:
                    rpcbind.close()

    def test_doctor_with_a_portmapper(self):
        port = self.serve().address[1]
        self.rpcbind(lambda proc, args: struct.pack(">I", port), 2)
        result = self.timesync("doctor", "--timeout", "300ms", "127.0.0.1")
        self.assertRegex(result.stdout, "ok +rpcbind-udp")
        self.assertIn(f"udp port {port}", result.stdout)
        self.assertRegex(result.stdout, "ok +server-udp")

    def test_registered_on_tcp_only(self):
        self.start_rpcbind()
        register("tcp", ("127.0.0.1", 9))
        result = self.timesync("query", "127.0.0.1")
        self.assertEqual(result.status, 1)
        self.assertIn("on tcp only", result.stderr)
        self.assertIn("use --transport tcp", result.stderr)
        result = self.timesync("query", "-t", "tcp", "127.0.0.1")
        self.assertNotIn("--transport", result.stderr)


if __name__ == "__main__":
    unittest.main()
