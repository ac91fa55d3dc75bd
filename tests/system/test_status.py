# SPDX-License-Identifier: BSD-3-Clause
"""The daemon's account of itself: timesync status, the local socket, SIGUSR1."""

import os
import signal
import socket
import stat
import subprocess
import unittest

import rawrpc
from harness import DEADLINE_S, SystemTest, host_port, program

NOBODY = 65534
STATUS_PROG = 0x20545353
RECORD = rawrpc.Tcp.record(rawrpc.call(1, program=STATUS_PROG))


class StatusTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.socket = self.path("run/socket")

    def start_with_socket(self, *args):
        return self.start_lone_daemon("--socket", self.socket, *args)

    def status(self):
        return self.timesync_json("status", "--socket", self.socket)

    def status_as_nobody(self, socket_given=True):
        where = ("--socket", self.socket) if socket_given else ()
        return subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             program("timesync"), "status", *where],
            capture_output=True, text=True, timeout=30, check=False)

    def test_every_call_is_counted_once(self):
        daemon = self.start_with_socket("--workers", "2")
        for transport in ("udp", "tcp"):
            self.timesync_json("query", "-t", transport, host_port(daemon.addresses[transport]))
        self.timesync_json("query", "--interleaved", host_port(daemon.addresses["udp"]))
        udp = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(udp.close)
        udp.send(b"nonsense")
        for bad in (rawrpc.call(9), rawrpc.call(0, program=1), rawrpc.call(0, version=7),
                    rawrpc.call(rawrpc.GET_TIMESTAMPS)):
            udp.exchange(bad)
        udp.exchange(rawrpc.call(0, cred=rawrpc.auth(6)))
        status = self.status()
        self.assertGreater(float(status.pop("uptime_s")), 0)
        self.assertIsNone(status.pop("tracking"))
        self.assertEqual(status, {
            "workers": 2, "restarts": 0,
            "udp_null": 2, "udp_get_timestamps": 5, "udp_get_time": 2,
            "udp_get_timestamps_interleaved": 6,
            "tcp_null": 1, "tcp_get_timestamps": 5, "tcp_get_time": 1,
            "tcp_get_timestamps_interleaved": 0,
            "errors": 4, "credentials_refused": 1, "malformed": 1,
            "denied": 0, "rate_limited": 0,
            "connections_accepted": 1, "connections_closed": 1, "connections_closed_early": 0,
            "broadcast": 0, "authenticated": 0,
        })

    def test_for_people(self):
        self.start_with_socket()
        result = self.timesync("status", "--socket", self.socket)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout, r"\Atimesyncd has been running for \d+\.\d s\n")
        self.assertRegex(result.stdout, r"\n  GET_TIMESTAMPS +0 +0\n")
        self.assertRegex(result.stdout, r"\n  credentials refused +0\n")
        self.assertNotIn("_refused", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 80)

    def test_every_counter_is_told_to_people_too(self):
        """Each by a line of its own: a call of each kind, as often as no other."""
        daemon = self.start_with_socket("--rate-limit", "1000000")
        for times, transport in ((2, "udp"), (3, "tcp")):
            for _ in range(times):
                self.timesync_json("query", "-n1", "-t", transport,
                                   host_port(daemon.addresses[transport]))
        udp = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(udp.close)
        for _ in range(7):
            udp.exchange(rawrpc.call(9))
        for _ in range(11):
            udp.exchange(rawrpc.call(0, cred=rawrpc.auth(6)))
        for _ in range(13):
            udp.send(b"nonsense")
        udp.exchange(rawrpc.call(0))
        out = self.timesync("status", "--socket", self.socket).stdout
        for line in (r"GET_TIMESTAMPS +2 +3", r"GET_TIME +2 +3", r"NULL +3 +3",
                     r"no such program.* 7", r"credentials refused +11",
                     r"malformed.* 13", r"accepted +3", r"worker processes +1"):
            self.assertRegex(out, rf"\n  {line}\n")

    def test_a_worker_that_died(self):
        daemon = self.start_with_socket()
        before = self.status()
        self.assertEqual(before["restarts"], 0)
        (worker,) = children(daemon.pid)
        os.kill(worker, signal.SIGKILL)
        self.wait_until(lambda: children(daemon.pid) not in ([], [worker]), "another worker",
                        daemon)
        self.assertEqual(self.status()["restarts"], 1)
        self.timesync_json("query", host_port(daemon.addresses["udp"]))

    def test_who_is_connected_while_a_worker_is_replaced(self):
        """The new worker is forked when the daemon has that connection open."""
        daemon = self.start_with_socket()
        clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client in clients:
            self.addCleanup(client.close)
            client.settimeout(DEADLINE_S)
            client.connect(self.socket)
            client.sendall(RECORD)
            self.assertGreater(len(client.recv(1024)), 40)
        (worker,) = children(daemon.pid)
        os.kill(worker, signal.SIGKILL)
        self.wait_until(lambda: children(daemon.pid) not in ([], [worker]), "another worker",
                        daemon)
        for client in clients:
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(1024), b"")
        self.assertEqual(self.status()["restarts"], 1)

    def test_strangers_are_not_answered(self):
        self.start_with_socket()
        os.chmod(self.directory, 0o755)
        done = self.status_as_nobody()
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("it answers only root and its own user\n", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_strangers_are_told_of_a_daemon_of_their_own(self):
        self.start_lone_daemon()
        done = self.status_as_nobody(socket_given=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("/run/timesyncd/socket: it answers only root and its own user; if you run one "
                      "of your own, give its --socket", done.stderr)

    def test_the_user_that_the_daemon_becomes_is_answered(self):
        os.chmod(self.directory, 0o755)
        self.start_with_socket("--user", "nobody")
        self.assertEqual(self.status_as_nobody().returncode, 0)

    def test_the_network_is_not_told(self):
        daemon = self.start_with_socket()
        udp = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(udp.close)
        reply = rawrpc.parse_reply(udp.exchange(rawrpc.call(1, program=STATUS_PROG)))
        self.assertEqual(reply.stat, rawrpc.PROG_UNAVAIL)

    def test_a_client_who_never_reads_does_not_matter(self):
        daemon = self.start_with_socket()
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(self.socket)
        client.setblocking(False)
        try:
            for _ in range(100000):
                client.send(RECORD)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        self.assertEqual(self.status()["workers"], 1)
        self.timesync_json("query", host_port(daemon.addresses["udp"]))

    def test_nobody_there(self):
        result = self.timesync("status", "--socket", self.path("none"))
        self.assertEqual(result.status, 1)
        self.assertIn("none: No such file or directory; is one running with this --socket?",
                      result.stderr)
        result = self.timesync("status")
        self.assertEqual(result.status, 1)
        self.assertIn("is one running here?", result.stderr)
        self.assertEqual(self.timesync("status", "operand").status, 2)


class SocketTest(SystemTest):
    def test_the_default_place(self):
        daemon = self.start_lone_daemon()
        self.assertTrue(stat.S_ISSOCK(os.stat("/run/timesyncd/socket").st_mode))
        self.assertEqual(self.timesync_json("status")["workers"], 1)
        daemon.stop()
        self.assertFalse(os.path.exists("/run/timesyncd/socket"))

    def test_the_user_that_the_daemon_becomes_leaves_none_behind(self):
        for user in ("nobody", "daemon", "nobody"):  # whichever user owned the directory before
            daemon = self.start_lone_daemon(
                "--user", user, "--netid=udp", "--group=g", "--insecure-lab", "--member=127.0.0.1",
                "-c", self.make_clock(name=f"clock {user} {os.urandom(4).hex()}"), netids=["udp"])
            self.assertEqual(sorted(os.listdir("/run/timesyncd")), ["socket", "socket.group"])
            self.assertEqual(daemon.stop(), 0, daemon.stderr)
            self.assertEqual(os.listdir("/run/timesyncd"), [])

    def test_another_place_stays_whose_it_was(self):
        run = os.path.dirname(self.path("run/socket"))
        os.mkdir(run)
        self.start_lone_daemon("--user", "nobody", "--socket", f"{run}/socket").stop()
        self.assertEqual(os.stat(run).st_uid, os.geteuid())

    def test_everyone_may_knock_whatever_the_umask(self):
        path = self.path("socket")
        for mask in (0, 0o077):
            before = os.umask(mask)
            self.addCleanup(os.umask, before)
            daemon = self.start_lone_daemon("--socket", path)
            os.umask(before)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o666)
            daemon.stop()

    def test_a_second_daemon_does_without_the_default(self):
        first = self.start_lone_daemon()
        second = self.start_lone_daemon()
        self.timesync_json("query", host_port(second.addresses["udp"]))
        second.stop()
        self.assertEqual(self.timesync_json("status")["udp_null"], 0)
        first.stop()

    def test_a_given_one_must_be_had(self):
        path = self.path("socket")
        self.start_lone_daemon("--socket", path)
        second = self.launch_daemon("--no-rpcbind", "--socket", path)
        second.wait()
        self.assertEqual(second.status, 1)
        self.assertIn(path, second.stderr)
        self.assertEqual(self.timesync_json("status", "--socket", path)["workers"], 1)

    def test_what_a_dead_daemon_left_is_replaced(self):
        path = self.path("socket")
        self.kill_daemon(self.start_lone_daemon("--socket", path))
        self.assertTrue(os.path.exists(path))
        self.start_lone_daemon("--socket", path)
        self.assertEqual(self.timesync_json("status", "--socket", path)["workers"], 1)

    def test_a_file_that_is_no_socket_is_left_alone(self):
        path = self.path("precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("data")
        daemon = self.launch_daemon("--no-rpcbind", "--socket", path)
        daemon.wait()
        self.assertEqual(daemon.status, 1, daemon.stderr)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "data")


class SignalTest(SystemTest):
    def test_sigusr1_logs_the_counters(self):
        daemon = self.start_lone_daemon()
        self.timesync_json("query", host_port(daemon.addresses["udp"]))
        daemon.send(signal.SIGUSR1)
        self.wait_until(lambda: "connections_closed_early" in daemon.stderr, "the log", daemon)
        self.assertIn("status: udp_get_timestamps 5\n", daemon.stderr)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


if __name__ == "__main__":
    unittest.main()
