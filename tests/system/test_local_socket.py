# SPDX-License-Identifier: BSD-3-Clause
"""The local socket and other users of the machine: its owner, and the users that it serves."""

import os
import signal
import socket
import stat
import subprocess
import sys
import unittest

from harness import Daemon, SystemTest, program

NOBODY, DAEMON = 65534, 1
RUN = "/run/timesyncd"

FLOOD = """
import socket, sys
while True:
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
    except OSError:
        pass
    s.close()
"""
IMPOSTOR = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(5)
print("listening", flush=True)
s.accept()[0].recv(1000)
"""


class LocalSocketTest(SystemTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)

    def start_as(self, user, script, *args):
        return self.start(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--",
                           sys.executable, "-c", script, *args])

    def make_directory(self, name, owner, mode):
        path = self.path(name)
        os.mkdir(path)
        os.chmod(path, mode)
        os.chown(path, owner, owner)
        return path


class DirectoryTest(LocalSocketTest):
    def test_that_of_another_user_is_refused(self):
        for name, owner, mode in (("nobodys", NOBODY, 0o755), ("everybodys", 0, 0o777),
                                  ("groups", 0, 0o775)):
            with self.subTest(name):
                path = self.make_directory(name, owner, mode)
                if name == "groups":
                    os.chown(path, 0, NOBODY)
                daemon = self.launch_daemon("--no-rpcbind", "--socket", f"{path}/socket")
                self.assertEqual(daemon.wait(), 1)
                self.assertIn("belongs to another user, or others may write", daemon.stderr)
                self.assertIn("--socket PATH", daemon.stderr)
                self.assertEqual(os.listdir(path), [])

    def test_a_sticky_one_will_do(self):
        path = self.make_directory("shared", 0, 0o1777)
        daemon = self.start_lone_daemon("--socket", f"{path}/socket")
        self.timesync_json("status", "--socket", f"{path}/socket")
        daemon.stop()
        self.assertEqual(os.listdir(path), [])

    def test_a_socket_that_cannot_be_removed_is_named(self):
        path = self.path("socket")
        lacking = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lacking.py")
        argv = [lacking, "unlink=EACCES", "--", program("timesyncd"), "-f", "--no-rpcbind",
                "--socket", path, "-c", self.make_clock(), "--group", "test", "--insecure-lab",
                "--member", "127.0.0.1"]
        daemon = self.start(argv, Daemon)
        self.wait_until(lambda: daemon.addresses, "the daemon serves", daemon)
        self.assertEqual(daemon.stop(), 0, daemon.stderr)
        for name in path, f"{path}.group":
            self.assertIn(f"cannot remove the local socket '{name}': Permission denied",
                          daemon.stderr)
        daemon = self.start(argv, Daemon)
        self.assertEqual(daemon.wait(), 1, daemon.stderr)
        self.assertIn(f"cannot listen at the local socket '{path}': a timesyncd that was killed "
                      "left its socket there, and it cannot be removed", daemon.stderr)

    def test_the_default_place_of_another_user_is_not_used(self):
        os.makedirs(RUN, exist_ok=True)
        before = os.stat(RUN)
        self.addCleanup(os.chown, RUN, before.st_uid, before.st_gid)
        os.chown(RUN, NOBODY, NOBODY)
        daemon = self.start_lone_daemon()
        self.assertIn("no local socket", daemon.stderr)
        self.assertEqual(os.listdir(RUN), [])
        daemon.stop()

    def test_the_default_place_is_not_left_to_the_user_that_the_daemon_becomes(self):
        daemon = self.start_lone_daemon("--user", "nobody")
        self.assertEqual(self.timesync_json("status")["workers"], 1)
        self.assertEqual(os.stat(RUN).st_uid, 0)
        self.assertTrue(os.stat(RUN).st_mode & stat.S_ISVTX)
        daemon.stop()
        self.assertEqual(os.listdir(RUN), [])
        self.assertEqual(os.stat(RUN).st_uid, 0)


class BeliefTest(LocalSocketTest):
    def test_a_stranger_who_listens_there_is_not_believed(self):
        shared = self.make_directory("shared", 0, 0o1777)
        path = f"{shared}/socket"
        impostor = self.start_as(NOBODY, IMPOSTOR, path)
        self.wait_until(lambda: "listening" in impostor.stdout, "it listens", impostor)
        result = self.timesync("status", "--socket", path)
        self.assertEqual(result.status, 1, result)
        self.assertIn("another user's process listens there", result.stderr)
        result = self.timesync("group", "status", "--socket", path[:-len("socket")] + "socket")
        self.assertNotEqual(result.status, 0, result)

    def test_the_owner_of_the_directory_is_believed(self):
        """As a daemon that the system starts as a user of its own."""
        path = self.make_directory("run", DAEMON, 0o755)
        self.start(["setpriv", f"--reuid={DAEMON}", f"--regid={DAEMON}", "--clear-groups", "--",
                    program("timesyncd"), "-f", "--no-rpcbind", "--socket", f"{path}/socket"])
        self.wait_until(lambda: os.path.exists(f"{path}/socket"), "it listens")
        self.assertEqual(self.timesync_json("status", "--socket", f"{path}/socket")["workers"], 1)


class FloodTest(LocalSocketTest):
    TRIES = 20

    def test_a_flood_of_connections_keeps_nobody_out(self):
        path = self.path("socket")
        daemon = self.start_lone_daemon("--socket", path)
        for _ in range(4):
            self.start_as(NOBODY, FLOOD, path)
        failed = [self.timesync("status", "--socket", path).stderr for _ in range(self.TRIES)]
        self.assertEqual([text for text in failed if text], [])
        self.assertEqual(daemon.stop(signal.SIGTERM), 0, daemon.stderr)

    def test_connections_of_the_daemons_user_leave_room_for_root(self):
        path = self.path("socket")
        self.start_lone_daemon("--socket", path, "--user", "nobody")
        root = socket.socket(socket.AF_UNIX)
        self.addCleanup(root.close)
        root.connect(path)
        hold = ("import socket, sys, time\n"
                "held = [socket.socket(socket.AF_UNIX) for _ in range(40)]\n"
                "for s in held: s.connect(sys.argv[1]); s.send(b'x')\n"
                "print('done', flush=True); time.sleep(60)")
        holder = self.start_as(NOBODY, hold, path)
        self.wait_until(lambda: "done" in holder.stdout, "it has its connections", holder)
        self.timesync_json("status", "--socket", path)
        root.setblocking(False)
        with self.assertRaises(BlockingIOError):  # it is open, and has nothing to say
            root.recv(1)


class HardeningTest(unittest.TestCase):
    FLAGS = ("-fstack-clash-protection", "-fcf-protection", "-mbranch-protection=standard")

    def test_what_the_compiler_has_is_used(self):
        makefile = os.path.join(os.path.dirname(__file__), "..", "..")
        for compiler in ("gcc",):
            have = [flag for flag in self.FLAGS if subprocess.run(
                [compiler, "-Werror", flag, "-c", "-x", "c", "/dev/null", "-o", "/dev/null"],
                check=False, capture_output=True).returncode == 0]
            self.assertIn("-fstack-clash-protection", have)
            said = subprocess.run(
                ["make", "-n", "V=1", f"CC={compiler}", "BUILD=/nonexistent",
                 "/nonexistent/core/hash.o"], cwd=makefile, check=False, capture_output=True,
                text=True).stdout
            (line,) = [line for line in said.splitlines() if line.endswith("core/hash.c")]
            self.assertEqual([flag for flag in self.FLAGS if flag in line.split()], have)


if __name__ == "__main__":
    unittest.main()
