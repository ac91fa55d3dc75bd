# SPDX-License-Identifier: BSD-3-Clause
"""Authenticated calls: who answers whom, under which keys, and the messages when that fails."""

import os
import re
import signal
import struct
import unittest
from pathlib import Path

import rawrpc
from authcase import AHEAD_NS, AuthTest
from authentic import CALL_ARGS, CALL_MAC, Key
from harness import host_port

INTERLEAVED = 3


class ServiceTest(AuthTest):
    def test_every_way_to_ask(self):
        daemon = self.serve("--key", self.key)
        for transport in ("udp", "tcp"):
            for method in ("mean", "cristian", "ntp", "minimum"):
                self.check_right(self.query(daemon, "--key", self.key, "-m", method, "--json",
                                            transport=transport))
        self.check_right(self.query(daemon, "--key", self.key, "--interleaved", "--json"))
        self.check_right(self.query(daemon, "--json"))  # it answers others too

    def test_every_verb(self):
        daemon = self.serve("--key", self.key, "--require-key")
        clock = self.make_clock(name="mine")
        with_key = ("--key", self.key, "-c", clock)
        self.assertEqual(self.query(daemon, *with_key, verb="compare").status, 0)
        done = self.timesync("doctor", *with_key, host_port(daemon.addresses["udp"]))
        self.assertEqual(done.status, 0, done)
        done = self.timesync("doctor", "-c", clock, host_port(daemon.addresses["udp"]))
        self.assertEqual(done.status, 1, done)
        self.assertIn("-> Give both sides the same key file: timesyncd --key FILE there", done.stdout)
        self.check_right(self.query(daemon, *with_key, "--json", verb="query"))
        done = self.query(daemon, *with_key, "--count", "3", verb="track")
        self.assertEqual(done.status, 0, done)
        done = self.query(daemon, *with_key, "--step", verb="sync")
        self.assertEqual(done.status, 0, done)
        self.assertLess(abs(self.clock_offset_ns(clock) - AHEAD_NS), 50_000_000)
        limits = ("--warn", "1s", "--crit", "2s", "--allow-unsynchronised")
        done = self.query(daemon, *with_key, *limits, verb="check")
        self.assertEqual(done.status, 0, done)
        for verb in (("compare",), ("sync", "--dry-run"), ("query",)):
            self.check_wrong(self.query(daemon, "-c", clock, *verb[1:], verb=verb[0]),
                             "it answers authenticated calls only: give its key, --key FILE")
        done = self.query(daemon, "-c", clock, *limits, verb="check")
        self.assertEqual(done.status, 2, done)

    def test_clocks_that_are_far_apart(self):
        daemon = self.serve("--key", self.key)
        for offset in ("-300000h", "300000h"):
            clock = self.make_clock(offset=offset, name=f"far{offset}")
            truth = AHEAD_NS - self.clock_offset_ns(clock)
            answer = self.query(daemon, "--key", self.key, "-c", clock, "--json").json
            self.assert_within_bound(answer, truth)

    def test_what_is_wrong_is_named(self):
        other = self.make_key("other")
        same_id = self.path("same_id")
        self.write_keys(same_id, Key(Key.read(self.key).key_id, bytes(32)))
        os.chmod(same_id, 0o600)
        bare, keyed = self.serve(), self.serve("--key", self.key)
        for daemon, key, reason in (
                (bare, self.key, "has no key: it refuses authenticated calls (AUTH_REJECTEDCRED); "
                                 "start timesyncd there with --key FILE"),
                (keyed, other, f"has no key of id {Key.read(other).key_id} (AUTH_BADCRED)"),
                (keyed, same_id, f"has another key of id {Key.read(self.key).key_id}")):
            for transport in ("udp", "tcp"):
                with self.subTest(reason, transport=transport):
                    self.check_wrong(self.query(daemon, "--key", key, "--timeout", "100ms",
                                                transport=transport), reason)

    def test_files_that_are_no_keys(self):
        readable = self.make_key("readable")
        os.chmod(readable, 0o644)
        nonsense = self.path("nonsense")
        Path(nonsense).write_text("nonsense\n", encoding="ascii")
        os.chmod(nonsense, 0o600)
        for path, reason, status in ((self.path("absent"), "No such file", 2),
                                     (self.directory, "directory", 2),
                                     (nonsense, "a line is not 'ID KEY'", 2),
                                     (readable, "others than its owner", 4)):
            with self.subTest(path):
                done = self.timesync("query", "--key", path, "127.0.0.1:1")
                self.assertEqual(done.status, status, done)
                self.assertIn(path, done.stderr)
                daemon = self.launch_daemon("--no-rpcbind", "--key", path)
                self.assertNotEqual(daemon.wait(), 0)
                self.assertIn(f"cannot use the key file '{path}'", daemon.stderr)
                self.assertIn(reason, done.stderr + daemon.stderr)

    def test_options_that_lack_others(self):
        for args in (("--require-key",), ("--group-key", self.key),
                     ("--require-key", "--group", "g", "--key", self.key, "--discover")):
            daemon = self.launch_daemon("--no-rpcbind", *args)
            self.assertEqual(daemon.wait(), 2, daemon.stderr)
            self.assertIn("need", daemon.stderr)

    def test_a_group_and_its_clients_have_keys_of_their_own(self):
        group_key = self.make_key("group")
        clock = self.make_clock()
        daemon = self.start_lone_daemon(
            "-c", clock, "--group", "g", "--group-key", group_key, "--key", self.key, "--member",
            "127.0.0.1", "--socket", self.path("socket"), "--netid", "udp", netids=("udp",))
        at = host_port(daemon.addresses["udp"])
        self.assertEqual(self.timesync("query", "--key", self.key, at).status, 0)
        self.check_wrong(self.timesync("query", "--key", group_key, "--timeout", "100ms", at),
                         "AUTH_BADCRED")
        ask = ("group", "status", "--json", "--at", "127.0.0.1", "--key")
        self.wait_until(lambda: self.timesync(*ask, group_key).stdout, "the member answers", daemon)
        self.assertIn("refuses", self.timesync(*ask, self.key).stderr)

    def test_keys_are_changed_without_a_gap(self):
        old, new = Key.read(self.key), Key.read(self.make_key("new"))
        mine = self.path("mine")
        self.write_keys(mine, old)
        os.chmod(mine, 0o600)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        daemon = self.serve("--key", self.key, "--workers", "2")

        def serve_with(*keys):
            before = daemon.stderr.count("read again")
            self.write_keys(self.key, *keys)
            daemon.send(signal.SIGHUP)
            self.wait_until(lambda: daemon.stderr.count("read again") > before, "it reads", daemon)

        def works(key):
            self.write_keys(mine, key)
            return all(self.query(daemon, "--key", mine, "-n1", "--timeout", "100ms").status == 0
                       for _ in range(6))

        self.assertFalse(works(new))
        serve_with(old, new)
        self.wait_until(lambda: works(new), "the new key works", daemon)
        self.assertTrue(works(old))
        serve_with(new)
        self.wait_until(lambda: not works(old), "the old key is gone", daemon)
        self.assertTrue(works(new))
        Path(self.key).write_text("nonsense\n", encoding="ascii")
        daemon.send(signal.SIGHUP)
        self.wait_until(lambda: "stay as they were" in daemon.stderr, "it says so", daemon)
        self.assertTrue(works(new))


class WireTest(AuthTest):
    """The server, by a client that is independent of ours."""

    def setUp(self):
        super().setUp()
        self.daemon = self.serve("--key", self.key, netids=("udp", "tcp", "udp6"))
        self.secret = Key.read(self.key)

    def client(self, netid="udp"):
        client = (rawrpc.Tcp if netid.startswith("tcp") else rawrpc.Udp)(self.daemon.addresses[netid])
        self.addCleanup(client.close)
        return client

    def ask(self, client, proc, args=b"", **options):
        """The results of an authentic reply, as long as the call."""
        call = self.secret.call(proc, args, **options)
        reply = client.exchange(call)
        self.assertTrue(self.secret.is_reply(call, reply), reply.hex())
        return rawrpc.parse_reply(reply)

    def test_every_procedure(self):
        for netid in ("udp", "udp6", "tcp"):
            client = self.client(netid)
            self.assertEqual(self.ask(client, rawrpc.NULL).results, b"")
            ts1, ts2, ts3 = struct.unpack(">qqq", self.ask(client, rawrpc.GET_TIMESTAMPS,
                                                           rawrpc.hyper(5)).results)
            self.assertEqual(ts1, 5)
            self.assertLess(ts2, ts3)
            time, _, _, _ = struct.unpack(">qqii", self.ask(client, rawrpc.GET_TIME).results)
            self.assertLess(ts3, time)

    def test_the_interleaved_timestamp(self):
        client, prev = self.client(), 0
        for _ in range(3):
            _, ts2, ts3, left = struct.unpack(">qqqq", self.ask(
                client, INTERLEAVED, rawrpc.hyper(1) + rawrpc.hyper(prev)).results)
            if prev:
                self.assertLess(sent, left)
                self.assertLess(left, ts2)
            prev, sent = ts2, ts3

    def test_errors(self):
        client = self.client()
        for expected, proc, options in ((rawrpc.PROC_UNAVAIL, 9, {}),
                                        (rawrpc.PROG_MISMATCH, 0, {"version": 9}),
                                        (rawrpc.PROG_UNAVAIL, 0, {"program": 9}),
                                        (rawrpc.GARBAGE_ARGS, rawrpc.GET_TIMESTAMPS, {})):
            self.assertEqual(self.ask(client, proc, **options).stat, expected)

    def test_calls_that_were_changed(self):
        client = self.client()
        call = self.secret.call(rawrpc.GET_TIMESTAMPS, rawrpc.hyper(5))
        for at in (15, 19, 23, 35, 39, CALL_MAC, CALL_MAC + 31, CALL_MAC + 32, CALL_ARGS + 7):
            changed = bytearray(call)
            changed[at] ^= 1
            reply = rawrpc.parse_reply(client.exchange(bytes(changed)))
            self.assertTrue(reply.denied, at)


class KeygenTest(AuthTest):
    def test_a_key_file(self):
        self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
        text = Path(self.key).read_text(encoding="ascii")
        self.assertRegex(text, re.compile(r"^\d+ [0-9a-f]{64}$", re.M))
        self.assertNotEqual(text, Path(self.make_key("other")).read_text(encoding="ascii"))

    def test_it_overwrites_nothing(self):
        before = Path(self.key).read_bytes()
        done = self.timesync("keygen", self.key)
        self.assertEqual(done.status, 2)
        self.assertIn("exists already, and was left as it is", done.stderr)
        self.assertEqual(Path(self.key).read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
