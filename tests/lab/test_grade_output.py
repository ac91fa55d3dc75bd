# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab grade: our own server, rpcbind, and the printed points."""

import os
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import rawrpc
from grading import FAULTY, checks, graded, named
from harness import SystemTest, host_port, program
from labrun import lab


class OwnTest(SystemTest):
    def test_ours_by_its_address(self):
        daemons = [self.start_lone_daemon(*clock)
                   for clock in ([], ["--clock", self.make_clock("1h")])]
        places = [host_port(daemon.addresses[netid]) for daemon in daemons
                  for netid in ("udp", "udp6")]
        with ThreadPoolExecutor() as pool:
            sheets = pool.map(lambda place: graded("--server", place, status=0), places)
            for place, sheet in zip(places, sheets):
                with self.subTest(place):
                    self.assertEqual((sheet["points"], named(sheet)), (90, []))

    def test_ours_with_rpcbind_has_all(self):
        self.start_rpcbind()
        own = (f"{program('timesyncd')} -f --socket {self.path('socket')} "
               f"-c {self.make_clock('-3s')}")
        for command in (own, own + " --port {port}"):
            sheet = graded("--command", command, status=0)
            self.assertEqual((sheet["points"], sheet["most"], sheet["unjudged"]), (100, 100, 0))

    def test_found_by_rpcbind_and_stopped_by_a_command(self):
        self.start_rpcbind()
        pid = self.path("pid")
        self.start_registered_daemon("--pid-file", pid)
        self.assertEqual(graded("--server", "127.0.0.1", status=0)["points"], 95)
        sheet = graded("--server", "127.0.0.1", "--stop", f"sh -c 'kill $(cat {pid})'", status=0)
        self.assertEqual(sheet["points"], 100)

    def test_registration(self):
        self.start_rpcbind()
        command = f"{sys.executable} -B {FAULTY} server none {{port}}"
        sheet = graded("--command", command)
        self.assertEqual(named(sheet), ["not-registered"])
        self.assertEqual(checks(sheet)["withdrawal"]["state"], "blocked")
        daemon = f"{program('timesyncd')} -f --socket {self.path('socket')} --port {{port}}"
        stays = self.path("stays")
        Path(stays).write_text(f"#!/bin/sh\n{daemon.replace('{port}', '$1')} &\n"
                               "trap '' TERM\nwait\nsleep 60\n", encoding="ascii")
        os.chmod(stays, 0o755)
        self.assertEqual(named(graded("--command", f"{stays} {{port}}")), ["does-not-end"])


class OutputTest(SystemTest):
    def setUp(self):
        super().setUp()
        daemon = self.start_lone_daemon()
        self.address = host_port(daemon.addresses["udp"])

    def rubric(self, text):
        Path(self.path("rubric.toml")).write_text(text, encoding="utf-8")
        return self.path("rubric.toml")

    def test_words(self):
        done = lab("grade", "--server", self.address)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("points: 90 of 90; 10 more could not be judged here", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_junit(self):
        file = self.path("junit.xml")
        lab("grade", "--server", self.address, "--junit", file)
        suite = ElementTree.parse(file).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("skipped")),
                         ("15", "0", "2"))
        self.assertEqual(len(suite.findall("testcase")), 15)
        command = f"{sys.executable} -B {FAULTY} server seconds {{port}}"
        lab("grade", "--command", command, "--junit", file)
        suite = ElementTree.parse(file).getroot()
        failures = [case.find("failure") for case in suite.findall("testcase")]
        kinds = [failure.get("type") for failure in failures if failure is not None]
        self.assertEqual(kinds, ["seconds", "blocked", "blocked", "blocked", "blocked"])
        self.assertEqual(suite.get("failures"), "5")

    def test_a_rubric(self):
        rubric = self.rubric('title = "Networks 2"\npass = 50\n[points]\necho = 40\ntcp = 0\n')
        sheet = graded("--server", self.address, "--rubric", rubric, status=0)
        self.assertEqual((sheet["points"], sheet["title"]), (115, "Networks 2"))
        self.assertEqual(checks(sheet)["echo"]["most"], 40)
        hard = self.rubric("pass = 91\n")
        self.assertFalse(graded("--server", self.address, "--rubric", hard)["passed"])

    def test_a_bad_rubric(self):
        for text, words in (("[points]\necco = 1\n", ["ecco", "did you mean 'echo'"]),
                            ("[points]\necho = -1\n", ["echo", "0 to 1000"]),
                            ("pas = 1\n", ["pas", "pass"]), ("= 1\n", ["rubric.toml"])):
            with self.subTest(text):
                done = lab("grade", "--server", self.address, "--rubric", self.rubric(text))
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                for word in words:
                    self.assertIn(word, done.stderr)

    def test_wrong_arguments(self):
        for args, words in ((["--server", "127.0.0.1:x"], "HOST:PORT"),
                            (["--command", "/nowhere {port}"], "/nowhere"),
                            (["--command", "'"], "quotation"),
                            (["--client", "true {host} {port}"], "{clock}"),
                            (["--client", "true", "--stop", "true"], "--stop"),
                            (["--server", self.address, "--timeout", "soon"], "--timeout"),
                            (["--server", "[::1]"], "[::1]:PORT")):
            with self.subTest(args):
                done = lab("grade", *args)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(words, done.stderr)

    def test_no_server(self):
        with rawrpc.socket.socket(rawrpc.socket.AF_INET, rawrpc.socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        sheet = graded("--server", f"127.0.0.1:{port}")
        self.assertEqual((sheet["points"], named(sheet)), (0, ["no-answer"]))
        sheet = graded("--command", "false {port}")
        self.assertEqual((sheet["points"], named(sheet)), (0, ["no-answer"]))
        done = lab("grade", "--server", "127.0.0.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("rpcbind on 127.0.0.1", done.stderr)

    def test_nothing_is_left(self):
        subprocess.run([program("timesync-lab"), "grade", "--command",
                        f"{sys.executable} -B {FAULTY} server none {{port}}"], check=True,
                       capture_output=True, timeout=60)
        left = [p for p in Path("/proc").glob("[0-9]*/cmdline")
                if b"faulty.py" in p.read_bytes()]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
