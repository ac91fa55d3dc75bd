# SPDX-License-Identifier: BSD-3-Clause
"""What --json prints is what docs/schema/ says, and the schemas would notice if it were not."""

import copy
import json
import struct
import unittest
from pathlib import Path

import jsonschema
import rawrpc
from fakeserver import FakeServer, honest
from harness import SystemTest, host_port, program
from helptext import commands, help_of, options_in

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "docs/schema"
NOWHERE = "127.0.0.1:9"


def load(name):
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def validator(verb):
    schema = load(verb.replace(" ", "-"))
    resolver = jsonschema.RefResolver(f"{SCHEMAS.as_uri()}/", schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def parts(value, path=()):
    """The paths of the values inside: a tuple of keys each, and indices of first and last ones."""
    if isinstance(value, dict):
        keys = list(value)
    else:
        keys = sorted({0, len(value) - 1}) if isinstance(value, list) and value else []
    for key in keys:
        yield (*path, key)
        yield from parts(value[key], (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def spoilt(value):
    """(the fault, the value with that one fault), for every fault that can be."""
    objects = [path for path in [(), *parts(value)] if isinstance(at(value, path), dict)]
    for path in objects:
        copied = copy.deepcopy(value)
        at(copied, path)["surprise"] = 1
        yield f"one too many in {path}", copied
    for *path, key in parts(value):
        copied = copy.deepcopy(value)
        at(copied, path)[key] = "wrong" if isinstance(at(copied, path)[key], list) else ["wrong"]
        yield f"another type for {path} {key}", copied
        if isinstance(key, str):
            copied = copy.deepcopy(value)
            del at(copied, path)[key]
            yield f"none of {path} {key}", copied


class SchemaTest(SystemTest):
    shapes = set()  # that have been spoilt already, of any test

    def check(self, verb, *args, status=0):
        """What the verb prints, all of it valid, and invalid when anything in it is spoilt."""
        result = self.timesync(*verb.split(), "--json", *args)
        self.assertEqual(result.status, status, result)
        self.assertTrue(result.json_lines, result)
        schema = validator(verb)
        for line in result.json_lines:
            schema.validate(line)
            shape = (verb, frozenset(parts(line)))
            if shape not in self.shapes:
                self.shapes.add(shape)
                for what, wrong in spoilt(line):
                    self.assertFalse(schema.is_valid(wrong), what)
        return result.json_lines


class OutputTest(SchemaTest):
    def setUp(self):
        super().setUp()
        self.socket = self.path("socket")
        self.daemon = self.start_lone_daemon("--socket", self.socket)
        self.server = host_port(self.daemon.addresses["udp"])
        self.clock_file = self.make_clock("-2.5s")

    def test_query(self):
        for method in ("mean", "cristian", "ntp", "minimum"):
            self.check("query", "-m", method, self.server)
        self.check("query", "-t", "tcp", host_port(self.daemon.addresses["tcp"]))
        self.check("query", "--interleaved", "-c", self.clock_file, self.server)

    def test_query_in_a_series(self):
        log = self.path("series")
        lines = self.check("query", "--count=2", "-i", "250ms", "--log", log, self.server, NOWHERE,
                           status=1)
        self.assertEqual(list(lines[-1]), ["summary"])
        self.assertEqual(self.check("report", "--truth=system", log)[0]["series"],
                         lines[-1]["summary"])

    def test_query_beside_a_plain_echo(self):
        where = "127.0.0.1:5007"
        echo = self.start([program("lab/echo"), "--serve", where])
        self.wait_until(lambda: "serving" in echo.stdout, "the echo serves", echo)
        self.check("query", "--baseline", where, "-n20", self.server)
        self.check("query", "--baseline", NOWHERE, "-n20", self.server, status=1)

    def serve(self, offset, name):
        clock = self.make_clock(offset, name=name)
        return host_port(self.start_lone_daemon("-c", clock).addresses["udp"])

    def test_query_of_several(self):
        near, far = self.serve("0", "near"), self.serve("1h", "far")
        same = host_port(self.daemon.addresses["udp6"])
        mine = ("query", "-c", self.clock_file)
        *_, together = self.check(*mine, self.server, near, far, same)
        self.assertIn("offset_s", together)
        *_, discord = self.check(*mine, self.server, far, status=3)
        self.assertIn("error", discord)
        self.check(*mine, self.server, near, NOWHERE, status=1)
        *_, oneself = self.check("query", self.server, far)
        self.assertEqual(oneself["verdicts"][0]["verdict"], "self")

    def test_query_that_fails(self):
        self.check("query", NOWHERE, status=1)
        self.check("query", "no-such-host.invalid", status=1)

    def test_qualities_of_servers(self):
        """As they are on this machine, and as a server may also say that they are."""
        for sync, leap in ((0, 0), (1, 1), (1, 4)):
            def answer(call, sync=sync, leap=leap):
                (proc,) = struct.unpack_from(">I", call, 20)
                if proc != rawrpc.GET_TIME:
                    return honest(call)
                reply = bytearray(honest(call))
                struct.pack_into(">qii", reply, len(reply) - 16, 1_000_000, sync, leap)
                return bytes(reply)
            fake = FakeServer(lambda call, n: [honest(call)], answer)
            self.addCleanup(fake.close)
            self.check("query", host_port(fake.address))

    def test_sync(self):
        for offset, args, action in (("-2.5s", [], "step"), ("50ms", [], "slew"),
                                     ("50ms", ["--dry-run"], "slew")):
            with self.subTest(action, args=args):
                clock = self.make_clock(offset, name="".join([action, *args]))
                (line,) = self.check("sync", "-c", clock, *args, self.server)
                self.assertEqual(line["action"], action)
        self.check("sync", "-c", self.clock_file, "--max-change=1s", self.server, status=3)

    def test_track(self):
        self.check("track", "-c", self.clock_file, "-i", "250ms", "--count", "3", self.server)
        self.check("track", "-c", self.clock_file, "-i", "250ms", "--count", "2", NOWHERE,
                   status=1)
        served = self.make_clock(name="served by another")
        other = host_port(self.start_lone_daemon("-c", served).addresses["udp"])
        for server in (other, NOWHERE):
            self.check("track", "--chrony-sock", self.path("none"), "--count", "1", server,
                       status=1)
        self.check("track", "--chrony-sock", self.path("none"), "--count", "1",
                   "--allow-unsynchronised", other, status=1)

    def test_report(self):
        log = self.path("log")
        for server, count in ((self.server, "30"), (NOWHERE, "2")):
            self.timesync("track", "-c", self.clock_file, "-i", "250ms", "--log", log, "--count",
                          count, server)
        with open(log, "a", encoding="ascii") as file:
            file.write("damaged\n")
        (line,) = self.check("report", log)
        self.assertIsNotNone(line["rate"])
        lines = Path(log).read_text(encoding="ascii").splitlines(keepends=True)
        Path(log).write_text(lines[-2], encoding="ascii")
        (line,) = self.check("report", log)
        self.assertIsNone(line["since"])

    def test_report_of_what_chronyd_was_given(self):
        poll = {"time_ns": 10**9, "servers": 1, "answered": 0, "agreeing": 0}
        Path(self.path("log")).write_text(json.dumps(poll), encoding="ascii")
        (line,) = self.check("report", self.path("log"))
        self.assertEqual((line["corrections"], line["rounds"]), (None, None))

    def test_report_that_fails(self):
        for name in (b"none", b"no \xff UTF-8"):
            with self.subTest(name):
                self.check("report", self.directory.encode() + b"/" + name, status=2)

    def test_sync_with_several(self):
        near, far = self.serve("0", "near"), self.serve("1h", "far")
        *_, together = self.check("sync", "-c", self.clock_file, self.server, near, far)
        self.assertEqual(together["action"], "step")
        self.check("sync", "-c", self.clock_file, self.server, far, status=3)
        self.check("sync", "-c", self.clock_file, self.server, NOWHERE, "127.0.0.1:10", status=3)
        self.check("sync", "-c", self.clock_file, NOWHERE, "127.0.0.1:10", status=1)

    def test_sync_that_fails(self):
        self.check("sync", "-c", self.clock_file, NOWHERE, status=1)
        ahead = host_port(self.start_lone_daemon("-c", self.clock_file).addresses["udp"])
        self.check("sync", ahead, status=4)

    def test_compare(self):
        self.check("compare", "-n3", self.server)
        self.check("compare", "-n3", "--truth=system", "-c", self.clock_file, self.server)
        self.check("compare", "-n3", "--max-change=1s", "-c", self.clock_file, self.server)

    def test_compare_that_fails(self):
        self.check("compare", NOWHERE, status=1)
        fake = FakeServer(lambda call, n: [honest(call)],
                          lambda call: None if call[23] == rawrpc.GET_TIME else honest(call))
        self.addCleanup(fake.close)
        (line,) = self.check("compare", "-n3", "--timeout=20ms", host_port(fake.address))
        self.assertIsNone(line["server"]["sync"])
        self.assertEqual(sum("error" in method for method in line["methods"]), 2)

    def test_now_and_wait(self):
        mine = ("-c", self.clock_file)
        for verb in ("now", "wait"):
            self.check(verb, *mine, *(["--timeout=1ms"] if verb == "wait" else []), status=1)
        track = ["track", "--count=1", *mine]
        self.assertEqual(self.timesync(*track, self.server).status, 0)
        (line,) = self.check("now", *mine, status=1)
        self.assertEqual((line["state"], line["earliest_ns"]), ("unknown", None))
        self.assertEqual(self.timesync(*track, "--allow-unsynchronised", self.server).status, 0)
        (line,) = self.check("now", *mine)
        self.assertEqual(line["state"], "hold-over")
        tracker = self.launch_client("track", *mine, "--allow-unsynchronised", self.server)
        (line,) = self.check("wait", *mine)
        self.assertEqual(line["state"], "synchronised")
        tracker.stop()

    def test_doctor(self):
        self.check("doctor", self.server)
        self.check("doctor", self.server, NOWHERE, "no-such-host.invalid", status=1)

    def test_a_clock_file_that_cannot_be_used(self):
        for verb in ("query", "sync", "compare", "track", "doctor", "discover", "now", "wait"):
            with self.subTest(verb):
                hosts = [] if verb in ("discover", "now", "wait") else [self.server]
                (line,) = self.check(verb, "-c", self.path("none"), *hosts, status=2)
                self.assertIn("none: there is no such file", line["error"])
        self.check("compare", "-c", self.clock_file, "--truth", self.path("none"), status=2)

    def test_clock_show(self):
        self.check("clock show", self.clock_file)
        clock = self.make_clock("3h", drift="-12.5", name="other")
        self.assertEqual(self.timesync("clock", "adjust", "--slew=-2s", clock).status, 0)
        (line,) = self.check("clock show", clock)
        self.assertNotEqual(line["slew_left_s"], 0)

    def test_clock_show_that_fails(self):
        for name in (b"none", b"no \xff UTF-8", b"d" * 250):
            with self.subTest(name):
                self.check("clock show", self.directory.encode() + b"/" + name, status=2)

    def test_status(self):
        self.timesync_json("query", self.server)
        (line,) = self.check("status", "--socket", self.socket)
        self.assertGreater(line["udp_get_timestamps"], 0)

    def test_group_status(self):
        socket = self.path("member")
        self.start_lone_daemon(
            "-c", self.make_clock(name="mine"), "--socket", socket, "--group", "test",
            "--insecure-lab", "--member", "127.0.0.1", "--member", "127.0.0.2", "--address",
            "127.0.0.1", "--netid", "udp", netids=("udp",))
        (line,) = self.check("group status", "--socket", socket, status=2)  # nobody leads
        self.assertEqual(len(line["members"]), 2)
        self.check("group status", "--socket", self.path("none"), status=1)

    def test_status_that_fails(self):
        self.check("status", "--socket", self.path("none"), status=1)
        self.check("status", "--socket", "/" + "long/" * 600, status=1)


class SchemasTest(SystemTest):
    def test_they_are_schemas(self):
        names = sorted(path.stem for path in SCHEMAS.glob("*.json"))
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(load(name))

    def test_there_is_one_for_each_verb(self):
        verbs = {"-".join(command[1:]) for command in commands("timesync")
                 if "json" in options_in(help_of(*command))}
        self.assertGreaterEqual(len(verbs), 5)
        self.assertEqual({path.stem for path in SCHEMAS.glob("*.json")}, verbs | {"common"})

    def test_no_object_is_open(self):
        """Every object in the schemas allows no other properties, and lists the required ones."""
        for path in SCHEMAS.glob("*.json"):
            schema = load(path.stem)
            described = [at(schema, p) for p in [(), *parts(schema)]
                         if isinstance(at(schema, p), dict) and "properties" in at(schema, p)]
            for part in described:
                with self.subTest(path.name):
                    self.assertIs(part["additionalProperties"], False)
                    self.assertEqual(sorted(part["required"]), sorted(part["properties"]))


if __name__ == "__main__":
    unittest.main()
