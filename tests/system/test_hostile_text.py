# SPDX-License-Identifier: BSD-3-Clause
"""Typed text, file names and text from other hosts never act on a terminal."""

import os
import re
import socket
import struct
import subprocess
import threading
import unittest

import rawrpc
from groups import GROUP_PROG, STATUS, head
from harness import DEADLINE_S, Result, SystemTest, host_port, program

# Clear the screen; set the title; a second line; U+009B, which is ESC [; no UTF-8; right to left.
HOSTILE = b"\x1b[2J\x1b]0;x\x07\ntimesync: all is well\r\x7f\xc2\x9b31m\xff\xe2\x80\xaemoc"
MASKED = "?[2J?]0;x??timesync: all is well???31m??moc"
FRIENDLY = "Übung 時計 ½.clk"
# Whatever is left of it, in any line.
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffd]")


class Server:
    """Answers each call over UDP with the results that results(program, procedure) gives."""

    def __init__(self, results, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.results = results
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            call, client = self.socket.recvfrom(65536)
            if not call:
                return
            xid, _, _, prog, _, proc = struct.unpack_from(">IIIIII", call)
            self.socket.sendto(rawrpc.accepted(xid, self.results(prog, proc)), client)

    def close(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class HostileTextTest(SystemTest):
    def run_program(self, name, *args, environment=None):
        """With arguments that are octets; its output has to be UTF-8."""
        done = subprocess.run([program(name), *args], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=DEADLINE_S, check=False,
                              env={**os.environ, **(environment or {})})
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def assert_tame(self, result, masked=MASKED):
        text = result.stdout + result.stderr
        self.assertNotRegex(text, ACTING)
        self.assertNotIn("\ntimesync: all is well", text)
        self.assertIn(masked, text)

    def hostile_path(self, name=HOSTILE):
        return os.path.join(os.fsencode(self.directory), name)

    def test_what_is_typed(self):
        attached = b"--" + HOSTILE
        verbs = ("query", "sync", "track", "report", "compare", "doctor", "discover", "status")
        commands = [[HOSTILE], [attached], ["clock", HOSTILE], ["group", HOSTILE],
                    ["query", HOSTILE + b":1"], ["query", "--rounds", HOSTILE],
                    ["sync", b"--max-change=" + HOSTILE], ["discover", HOSTILE],
                    ["status", HOSTILE], ["group", "status", "--at", HOSTILE],
                    ["group", "join", HOSTILE],
                    *([verb, attached] for verb in verbs),
                    ["clock", "show", attached], ["group", "status", attached]]
        for command in commands:
            with self.subTest(command):
                result = self.run_program("timesync", *command)
                self.assertEqual(result.status, 2, result)
                self.assert_tame(result)
        for command in ([HOSTILE], [attached], ["--port", HOSTILE], ["--netid", HOSTILE],
                        ["--allow", HOSTILE], ["--group", HOSTILE], ["--member", HOSTILE]):
            with self.subTest(command):
                result = self.run_program("timesyncd", *command)
                self.assertEqual(result.status, 2, result)
                self.assert_tame(result)

    def test_files_that_cannot_be_used(self):
        path, clock = self.hostile_path(), self.make_clock()
        for command in (["query", "-c", path], ["query", "--json", "-c", path],
                        ["clock", "show", path], ["clock", "adjust", "--step=1s", path],
                        ["report", path], ["report", "--json", path],
                        ["compare", "--truth", path], ["status", "--socket", path],
                        ["status", "--json", "--socket", path],
                        ["track", "--drift-file", path + b"/no", "-c", clock, "--count=1"],
                        ["track", "--log", path + b"/no", "-c", clock, "--count=1"],
                        ["group", "status", "--key", path],
                        ["group", "keygen", path + b"/no"]):
            with self.subTest(command):
                result = self.run_program("timesync", *command)
                self.assertNotEqual(result.status, 0, result)
                self.assert_tame(result)
        result = self.run_program("timesync", "query", environment={b"TIMESYNC_CLOCK": path})
        self.assertEqual(result.status, 2, result)
        self.assert_tame(result)
        for command in (["-c", path], ["--pid-file", path + b"/no"], ["--socket", path + b"/no/no"],
                        ["--user", HOSTILE]):
            with self.subTest(command):
                result = self.run_program("timesyncd", "-f", "--no-rpcbind", *command)
                self.assertEqual(result.status, 1, result)
                self.assert_tame(result)

    def test_files_that_are_used(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        for name, shown in ((HOSTILE, MASKED), (FRIENDLY.encode(), FRIENDLY)):
            with self.subTest(shown):
                path, log = self.hostile_path(name), self.hostile_path(b"log " + name)
                result = self.run_program("timesync", "clock", "create", path)
                self.assertEqual(result, (0, "", ""))
                self.assert_tame(self.run_program("timesync", "clock", "create", path), shown)
                self.assert_tame(self.run_program("timesync", "clock", "show", path), shown)
                result = self.run_program("timesync", "compare", "-c", path, "--truth", path,
                                          server)
                self.assertEqual(result.status, 0, result)
                self.assert_tame(result, shown)
                result = self.run_program("timesync", "track", "-c", path, "--count=3",
                                          "--interval=250ms", "--log", log, server)
                self.assertEqual(result.status, 0, result)
                for options in ([], ["--json"]):
                    self.assert_tame(self.run_program("timesync", "report", *options, log),
                                     f"log {shown}")

    def test_the_owner_of_a_registration(self):
        def results(_prog, proc):
            entry = struct.pack(">III", 1, rawrpc.TIMESYNC_PROG, 1)
            entry += rawrpc.opaque(b"udp") + rawrpc.opaque(b"0.0.0.0.1.2")
            return entry + rawrpc.opaque(HOSTILE[:31]) + bytes(4) if proc == 4 else b""

        rpcbind = Server(results, 111)
        self.addCleanup(rpcbind.close)
        for options in ([], ["--json"]):
            with self.subTest(options):
                result = self.run_program("timesync", "doctor", "127.0.0.1", *options)
                self.assertEqual(result.status, 1, result)
                self.assert_tame(result, "by ?[2J?]0;x??timesync: all is w")

    def test_the_name_of_a_group(self):
        body = rawrpc.opaque(HOSTILE[:31]) + head(1, 0, 5)[8:] + bytes(16) + bytes(8 + 8 + 4 + 4)
        body += struct.pack(">4q", *[10**9] * 4) + struct.pack(">qq", -1, 0)
        body += struct.pack(">qqqI", -1, 0, 0, 0) + struct.pack(">IIqq", 0, 0, -1, -1)
        body += struct.pack(">III", 0, 0, 0)

        def results(prog, proc):
            self.assertEqual((prog, proc), (GROUP_PROG, STATUS))
            return bytes(4) + rawrpc.opaque(body) + bytes(32)

        member = Server(results, 7001)
        self.addCleanup(member.close)
        for options in ([], ["--json"]):
            with self.subTest(options):
                result = self.run_program("timesync", "group", "status", "--at=127.0.0.1:7001",
                                          *options)
                self.assertEqual(result.status, 2, result)  # nobody leads
                self.assert_tame(result, "?[2J?]0;x??timesync: all is w")


if __name__ == "__main__":
    unittest.main()
