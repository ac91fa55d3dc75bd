# SPDX-License-Identifier: BSD-3-Clause
"""timesyncd's configuration file, reading it again, the local reference, the service manager."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness import DEADLINE_S, SystemTest, host_port, program


class ConfigTest(SystemTest):
    def config(self, *lines):
        path = self.path("conf")
        Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def test_options_of_the_file(self):
        clock = self.make_clock("1h")
        daemon = self.start_daemon("--config", self.config(
            "# of a comment", "", "  no-rpcbind", f"clock\t{clock}  ", "netid udp,udp6", "port 5542\r"),
            netids=("udp", "udp6"))
        self.assertEqual(daemon.port, 5542)
        measured = self.timesync_json("query", "127.0.0.1:5542")
        self.assertGreater(measured["offset_s"], 3599)

    def test_the_command_line_prevails(self):
        daemon = self.start_daemon("--config", self.config("no-rpcbind", "port 5542"), "-p", "5543")
        self.assertEqual(daemon.port, 5543)

    def test_mistakes_are_named_by_file_and_line(self):
        for line, said in (("port 0", "port '0': must be a port from 1 to 65535"),
                           ("port", "port needs its PORT behind it"),
                           ("verbose yes", "verbose takes nothing behind it, not 'yes'"),
                           ("--port 1", "unknown option '--port'"),
                           ("p 1", "unknown option 'p'"),
                           ("config other", "unknown option 'config'"),
                           ("help", "unknown option 'help'"),
                           ("allow 192.0.2.1/24", "allow '192.0.2.1/24': must be a network"),
                           ("clock", "clock needs its FILE behind it")):
            with self.subTest(line):
                path = self.config("# first", line, "port 5542")
                daemon = self.launch_daemon("--config", path)
                self.assertEqual(daemon.wait(), 2)
                self.assertTrue(daemon.stderr.startswith(f"timesyncd: {path}:2: {said}"),
                                daemon.stderr)

    def test_files_that_are_none(self):
        big = self.path("big")
        Path(big).write_bytes(b"#" * 65536)
        binary = self.path("binary")
        Path(binary).write_bytes(b"port 1\0")
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        for path in (self.path("none"), self.directory, big, binary, fifo):
            with self.subTest(path):
                daemon = self.launch_daemon("--config", path)
                self.assertEqual(daemon.wait(), 2)
                self.assertIn(f"cannot read the configuration file '{path}'", daemon.stderr)


class ReloadTest(SystemTest):
    def setUp(self):
        super().setUp()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.conf = Path(self.path("conf"))

    def write(self, *lines):
        self.conf.write_text("".join(f"{line}\n" for line in ("no-rpcbind", *lines)),
                             encoding="utf-8")

    def reload(self, daemon, said):
        before = daemon.stderr.count(said)
        daemon.send(signal.SIGHUP)
        self.wait_until(lambda: daemon.stderr.count(said) > before, said, daemon)

    def answers(self, daemon):
        result = self.timesync("query", "-n1", "--timeout=200ms", host_port(daemon.addresses["udp"]))
        return result.status == 0

    def test_the_networks_that_are_allowed(self):
        self.write("allow 127.0.0.0/8", "workers 2")
        daemon = self.start_daemon("--config", str(self.conf))
        self.assertTrue(self.answers(daemon))
        self.write("allow 192.0.2.0/24", "workers 2")
        self.reload(daemon, "read again")
        self.wait_until(lambda: not self.answers(daemon), "all workers refuse", daemon)
        self.write("workers 2")
        self.reload(daemon, "read again")
        self.wait_until(lambda: all(self.answers(daemon) for _ in range(8)), "all answer", daemon)
        self.assertNotIn("starting another", daemon.stderr)

    def test_open_connections_of_those_who_are_not_allowed_any_more(self):
        self.write("allow 127.0.0.0/8")
        daemon = self.start_daemon("--config", str(self.conf))
        with socket.create_connection(daemon.addresses["tcp"], DEADLINE_S) as connection:
            self.write("allow 127.0.0.0/8", "verbose")
            self.reload(daemon, "read again")
            self.assertTrue(self.answers(daemon))
            connection.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                connection.recv(1)
            connection.settimeout(DEADLINE_S)
            self.write("allow 192.0.2.0/24")
            self.reload(daemon, "read again")
            self.assertEqual(connection.recv(1), b"")

    def test_a_worker_that_is_replaced_has_what_was_read(self):
        self.write("allow 192.0.2.0/24")
        daemon = self.start_daemon("--config", str(self.conf))
        self.write("allow 127.0.0.0/8")
        self.reload(daemon, "read again")
        (worker,) = [int(pid) for pid in Path(
            f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text(encoding="ascii").split()]
        os.kill(worker, signal.SIGKILL)
        self.wait_until(lambda: self.answers(daemon), "the next worker answers", daemon)

    def test_a_mistake_changes_nothing(self):
        self.write("allow 127.0.0.0/8")
        daemon = self.start_daemon("--config", str(self.conf))
        self.write("allow 192.0.2.0/24", "nonsense")
        self.reload(daemon, "stay as they were")
        self.assertIn(f"{self.conf}:3: unknown option 'nonsense'", daemon.stderr)
        self.assertTrue(self.answers(daemon))

    def test_what_is_said(self):
        """Messages name the files, the options in force now, and those that wait for a restart."""
        said = f"SIGHUP: read again {self.conf}: "
        self.write("allow 127.0.0.0/8")
        daemon = self.start_daemon("--config", str(self.conf), "--workers", "2")
        self.reload(daemon, f"{said}nothing has changed\n")
        self.write("allow 127.0.0.0/8", "workers 3")  # which --workers replaces
        self.reload(daemon, f"{said}nothing has changed\n")
        self.write("allow 127.0.0.0/9", "verbose")
        self.reload(daemon, f"{said}now in force: --allow, --verbose\n")
        self.write("allow 127.0.0.0/9", "port 5542", "rate-limit 1000")
        self.reload(daemon, f"{said}now in force: --verbose\n")
        later = (f"{said}changed, but not in force before the next start of the daemon: "
                 "--port, --rate-limit\n")
        self.assertIn(later, daemon.stderr)
        self.reload(daemon, later)
        self.assertEqual(daemon.stderr.count("now in force"), 2)

    def test_what_is_said_of_keys(self):
        key = self.path("key")
        self.assertEqual(self.timesync("keygen", key).status, 0)
        daemon = self.start_lone_daemon("--key", key)
        self.reload(daemon, f"SIGHUP: read again {key}: nothing has changed\n")
        os.remove(key)
        self.assertEqual(self.timesync("keygen", key).status, 0)
        self.reload(daemon, f"SIGHUP: read again {key}: now in force: the keys in {key}\n")
        os.chmod(key, 0o644)
        self.reload(daemon, "SIGHUP: nothing could be read again, and nothing has changed\n")
        self.assertIn(f"the keys of '{key}' stay as they were\n", daemon.stderr)
        bare = self.start_lone_daemon()
        self.reload(bare, "SIGHUP: there is no configuration file and no key file to be read again\n")

    def test_keys_are_read_once_by_a_daemon_that_becomes_another_user(self):
        key = self.path("key")
        self.assertEqual(self.timesync("keygen", key).status, 0)
        daemon = self.start_lone_daemon("--key", key, "--user", "nobody")
        self.reload(daemon, "SIGHUP: nothing could be read again, and nothing has changed\n")
        self.assertIn(f"the keys of '{key}' stay as they were\n", daemon.stderr)
        shutil.chown(key, "nobody")
        refused = subprocess.run(
            [program("timesyncd"), "-f", "--no-rpcbind", "--key", key, "--user", "nobody"],
            capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertIn("it belongs to another user", refused.stderr)

    def test_in_the_background_too(self):
        """Also when a script that ignores the signal starts it."""
        self.write("allow 192.0.2.0/24", "port 5542")
        pid_file = self.path("pid")
        subprocess.run([program("timesyncd"), "--config", str(self.conf), "--pid-file", pid_file],
                       check=True, timeout=DEADLINE_S, stderr=subprocess.DEVNULL,
                       preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        pid = int(Path(pid_file).read_text(encoding="ascii"))
        self.addCleanup(os.kill, pid, signal.SIGTERM)

        def answers():
            return self.timesync("query", "-n1", "--timeout=200ms", "127.0.0.1:5542").status == 0
        self.assertFalse(answers())
        self.write("port 5542")
        os.kill(pid, signal.SIGHUP)
        self.wait_until(answers, "it answers")

    def test_the_keys_of_a_group(self):
        key = self.path("key")
        self.assertEqual(self.timesync("group", "keygen", key).status, 0)
        daemon = self.start_lone_daemon(
            "-c", self.make_clock(), "--group", "g", "--key", key, "--member", "127.0.0.1",
            "--lease", "200ms", "--cycle", "100ms", "--socket", self.path("socket"))

        def agent_works():
            status = self.timesync("group", "status", "--socket", self.path("socket"))
            return "leading" in status.stdout or "leader " in status.stdout
        self.wait_until(agent_works, "there is an agent", daemon)
        self.reload(daemon, "read again")
        self.assertNotIn("the group agent is started again", daemon.stderr)
        os.remove(key)
        self.assertEqual(self.timesync("group", "keygen", key).status, 0)
        self.reload(daemon, "the group agent is started again")
        self.wait_until(agent_works, "there is an agent again", daemon)
        os.chmod(key, 0o644)
        self.reload(daemon, "cannot use the key file")
        self.assertTrue(agent_works())


class LocalTest(SystemTest):
    def served(self, *args):
        daemon = self.start_lone_daemon("-c", self.make_clock(name=f"clock{len(args)}"), *args)
        return self.timesync_json("query", host_port(daemon.addresses["udp"]))["server"]

    def test_it_is_served_as_synchronised(self):
        self.assertEqual(self.served()["sync"], "unsynchronised")
        server = self.served("--local", "1ms")
        self.assertEqual(server["sync"], "synchronised")
        self.assertEqual(server["max_error_s"], 0.001)
        self.assertEqual(server["leap"], "none")

    def test_a_damaged_clock_is_no_reference(self):
        clock = self.make_clock()
        daemon = self.start_lone_daemon("-c", clock, "--local", "0")
        os.truncate(clock, 0)
        server = self.timesync_json("query", host_port(daemon.addresses["udp"]))["server"]
        self.assertEqual(server["sync"], "unsynchronised")

    def test_what_it_takes(self):
        for args, said in ((["--local", "11s"], "must be a duration from 0 to 10s"),
                           (["--local", "-1ms"], "must be a duration from 0 to 10s"),
                           (["--local", "0", "--group", "g", "--insecure-lab", "--discover"],
                            "--group and --local exclude each other")):
            daemon = self.launch_daemon(*args, "-c", self.path("none"))
            self.assertEqual(daemon.wait(), 2)
            self.assertIn(said, daemon.stderr)


class NotifyTest(SystemTest):
    """The daemon as a service manager starts it."""

    def setUp(self):
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(self.path("notify"))
        self.manager.settimeout(DEADLINE_S)

    def launch(self, *args, watchdog_us=None):
        env = [f"NOTIFY_SOCKET={self.path('notify')}"]
        if watchdog_us:
            env += [f"WATCHDOG_USEC={watchdog_us}"]
        daemon = self.start(["/usr/bin/env", *env, program("timesyncd"), "-f", *args])
        self.addCleanup(lambda: daemon.status is None and daemon.stop())
        return daemon

    def heard(self):
        return self.manager.recv(4096).decode().splitlines()

    def test_ready_when_it_serves_and_is_registered(self):
        self.start_rpcbind()
        self.launch("--port", "5542")
        ready = self.heard()
        self.assertEqual(ready[0], "READY=1")
        self.assertEqual(ready[1],
                         "STATUS=serving udp 0.0.0.0:5542 and 3 other sockets; 1 worker")
        self.assertEqual(len(self.registered()), 4)
        self.timesync_json("query", "127.0.0.1")

    def test_ready_without_rpcbind(self):
        self.launch("--port", "5542")
        self.assertEqual(self.heard()[0], "READY=1")
        self.timesync_json("query", "127.0.0.1:5542")

    def test_its_end_and_reloads_are_told(self):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        daemon = self.launch("--no-rpcbind")
        self.assertEqual(self.heard()[0], "READY=1")
        daemon.send(signal.SIGHUP)
        self.assertEqual(self.heard(), ["RELOADING=1"])
        self.assertEqual(self.heard()[0], "READY=1")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.heard(), ["STOPPING=1"])

    def test_the_watchdog_sees_signs_of_life(self):
        daemon = self.launch("--no-rpcbind", watchdog_us=200000)
        times = []
        while len(times) < 5:
            if self.heard() == ["WATCHDOG=1"]:
                times.append(time.monotonic())
        self.assertGreater(times[-1] - times[0], 0.3)
        daemon.send(signal.SIGSTOP)
        self.manager.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            while True:
                self.heard()
        daemon.send(signal.SIGCONT)

    def test_it_is_never_ready_when_it_cannot_serve(self):
        self.start_rpcbind()
        self.start_registered_daemon("--port", "5542")
        self.manager.settimeout(0.1)
        for args, status in ((["--port", "none"], 2), (["--port", "5542"], 1), ([], 1),
                             (["--config", self.path("none")], 2), (["-c", self.path("none")], 1)):
            with self.subTest(args):
                self.assertEqual(self.launch(*args).wait(), status)
                said = []
                try:
                    while True:
                        said += self.heard()
                except TimeoutError:
                    pass
                self.assertNotIn("READY=1", said)
