# SPDX-License-Identifier: BSD-3-Clause
"""timesyncd as a program: options, addresses, background, PID file, the clock it serves."""

import ctypes
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import unittest

import rawrpc
from harness import DEADLINE_S, NETIDS, SystemTest, children, host_port, program

TIME_ERROR = 5  # <sys/timex.h>: nothing disciplines the clock


class OptionsTest(SystemTest):
    def run_daemon(self, *args):
        """Run timesyncd with options that let it end by itself."""
        daemon = self.launch_daemon(*args)
        daemon.wait()
        return daemon

    def test_bad_options(self):
        for args in (["-p", "65536"], ["-p", "-1"], ["-p", "x"], ["--netid", "udp,sctp"],
                     ["--netid", ""], ["--address", "nowhere"], ["--frobnicate"], ["operand"],
                     ["-p"]):
            with self.subTest(args):
                daemon = self.run_daemon(*args)
                self.assertEqual(daemon.status, 2, daemon.stderr)
                self.assertIn(args[-1].lstrip("-").split(",")[-1], daemon.stderr)
                self.assertEqual(daemon.stdout, "")

    def test_help(self):
        daemon = self.run_daemon("--help")
        self.assertEqual(daemon.status, 0)
        for option in ("--port", "--netid", "--address", "--no-rpcbind", "--clock", "--pid-file",
                       "--foreground"):
            self.assertIn(option, daemon.stdout)

    def test_a_port_that_is_taken(self):
        """Also where the workers of each share it among themselves."""
        for workers in ("1", "2"):
            with self.subTest(workers):
                first = self.start_lone_daemon("--workers", workers)
                second = self.run_daemon("--no-rpcbind", "--workers", workers,
                                         "-p", str(first.port))
                self.assertEqual(second.status, 1)
                self.assertIn(str(first.port), second.stderr)
                self.assertIn("in use", second.stderr)


class AddressTest(SystemTest):
    def test_all_netids_share_a_port(self):
        self.assertGreater(self.start_lone_daemon().port, 1023)

    def test_a_given_port(self):
        daemon = self.start_lone_daemon("-p", "7373")
        self.assertEqual(daemon.port, 7373)
        self.timesync_json("query", "-p", "7373", "127.0.0.1")

    def test_one_netid(self):
        for netid in NETIDS:
            with self.subTest(netid):
                daemon = self.start_lone_daemon("--netid", netid, netids=[netid])
                address = daemon.addresses[netid]
                transport = netid.rstrip("6")
                self.timesync_json("query", "-t", transport, host_port(address))
                other = {"udp": "tcp", "tcp": "udp"}[transport]
                self.timesync_json("query", "-t", other, host_port(address), status=1)

    def test_one_address(self):
        daemon = self.start_lone_daemon("--address", "127.0.0.2", netids=("udp", "tcp"))
        self.timesync_json("query", f"127.0.0.2:{daemon.port}")
        self.timesync_json("query", f"127.0.0.1:{daemon.port}", status=1)

    def test_replies_come_from_the_address_that_was_asked(self):
        """A wildcard socket must not answer from another of the machine's addresses."""
        daemon = self.start_lone_daemon()
        for host in ("127.0.0.1", "127.0.0.2", "127.3.2.1"):
            self.timesync_json("query", f"{host}:{daemon.port}")


class BackgroundTest(SystemTest):
    def start_background(self, *args):
        """timesyncd in the background, after its start has reported. Its process id."""
        pid_file = self.path("timesyncd.pid")
        done = subprocess.run([program("timesyncd"), "--no-rpcbind", "--pid-file", pid_file, *args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        self.addCleanup(self.kill, pid)
        return pid

    @staticmethod
    def kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def is_gone(self, pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):  # before or while it was read
            return True

    def test_it_serves_when_the_start_returns(self):
        pid = self.start_background("-p", "7374")
        self.assertNotEqual(os.getsid(pid), os.getsid(0))
        self.timesync_json("query", "127.0.0.1:7374")
        os.kill(pid, signal.SIGTERM)
        self.wait_until(lambda: self.is_gone(pid), "the daemon ends")
        self.assertFalse(os.path.exists(self.path("timesyncd.pid")))

    def test_a_start_that_fails_says_so(self):
        taken = self.start_lone_daemon()
        done = subprocess.run([program("timesyncd"), "--no-rpcbind", "-p", str(taken.port)],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)


class EndTest(SystemTest):
    @staticmethod
    def has_ended(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"

    def test_a_signal_to_all_processes(self):
        """As timeout(1) sends it: no worker is missed then, and none is started again."""
        daemon = self.start_lone_daemon()
        self.wait_until(lambda: len(children(daemon.pid)) == 1, "its worker", daemon)
        (worker,) = children(daemon.pid)
        daemon.send(signal.SIGSTOP)  # so that the worker is first
        daemon.send_all(signal.SIGTERM)
        self.wait_until(lambda: self.has_ended(worker), "the worker ends")
        daemon.send(signal.SIGCONT)
        self.assertEqual(daemon.wait(), 0)
        self.assertIn("ending: signal 15 (Terminated)\n", daemon.stderr)
        self.assertNotIn("starting another", daemon.stderr)

    def test_its_terminal_is_closed(self):
        """That is as good a reason to end as SIGTERM; not under nohup."""
        self.start_rpcbind()
        for handler, ends in ((signal.SIG_DFL, True), (signal.SIG_IGN, False)):
            master, slave = pty.openpty()
            log = self.path("log")

            def at_terminal(terminal=slave, handler=handler):
                os.setsid()
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
                signal.signal(signal.SIGHUP, handler)

            with open(log, "w", encoding="ascii") as stderr, subprocess.Popen(
                    [program("timesyncd"), "-f"], stdin=slave, stderr=stderr,
                    preexec_fn=at_terminal) as daemon:
                self.addCleanup(daemon.kill)
                os.close(slave)
                self.wait_until(lambda: len(self.registered()) == 4, "it registers")
                os.close(master)
                if not ends:
                    self.timesync_json("query", "127.0.0.1")
                    daemon.terminate()
                self.assertEqual(daemon.wait(DEADLINE_S), 0)
            self.assertEqual(self.registered(), {})
            with open(log, encoding="ascii") as said:
                self.assertEqual("Hangup" in said.read(), ends)

    def test_without_a_terminal_a_hangup_ends_nothing(self):
        """As when a script of log rotation sends it, which expects that it reads something anew."""
        self.start_rpcbind()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.addCleanup(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))
        daemon = self.start_registered_daemon()
        daemon.send_all(signal.SIGHUP)
        self.wait_until(lambda: "read again" in daemon.stderr, "it reads again", daemon)
        self.timesync_json("query", host_port(daemon.addresses["udp"]))
        self.assertEqual(daemon.stop(), 0)

    def test_every_signal_that_ends_it_ends_it_in_good_order(self):
        self.start_rpcbind()
        for signo in (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2, signal.SIGALRM,
                      signal.SIGXCPU, signal.SIGPROF, signal.SIGVTALRM, signal.SIGPOLL,
                      signal.SIGPWR):
            with self.subTest(signo):
                daemon = self.start_registered_daemon()
                self.assertTrue(os.path.exists("/run/timesyncd/socket"))
                daemon.send_all(signo)
                self.assertEqual(daemon.wait(), 0)
                self.assertEqual(self.registered(), {})
                self.assertFalse(os.path.exists("/run/timesyncd/socket"))
                self.assertNotRegex(daemon.stderr, r"worker \d")  # no message on one that ended

    def test_nobody_reads_the_log_any_more(self):
        """That ends neither the daemon nor a worker, and least of all without withdrawing."""
        self.start_rpcbind()
        with subprocess.Popen([program("timesyncd"), "-f"], stderr=subprocess.PIPE,
                              start_new_session=True) as daemon:
            self.addCleanup(daemon.kill)
            for line in daemon.stderr:
                if b"registered" in line:
                    break
            daemon.stderr.close()
            daemon.send_signal(signal.SIGUSR1)
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(DEADLINE_S), 0)
        self.assertEqual(self.registered(), {})


class PidFileTest(SystemTest):
    @staticmethod
    def read(path):
        with open(path, encoding="ascii") as file:
            return file.read()

    def test_a_living_ones_file_is_an_obstacle(self):
        path = self.path("timesyncd.pid")
        first = self.start_lone_daemon("--pid-file", path)
        second = self.launch_daemon("--no-rpcbind", "--pid-file", path)
        self.assertEqual(second.wait(), 1)
        self.assertIn(path, second.stderr)
        self.wait_until(lambda: self.read(path) == f"{first.pid}\n", "the PID file is untouched")

    def test_it_is_there_while_the_daemon_is(self):
        path = self.path("timesyncd.pid")
        daemon = self.start_lone_daemon("--pid-file", path)
        self.wait_until(lambda: self.read(path) == f"{daemon.pid}\n", "the PID file is written")
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_a_dead_ones_file_is_no_obstacle(self):
        path = self.path("timesyncd.pid")
        self.kill_daemon(self.start_lone_daemon("--pid-file", path))
        daemon = self.start_lone_daemon("--pid-file", path)
        self.wait_until(lambda: self.read(path) == f"{daemon.pid}\n", "the PID file is written")

    def test_what_is_no_pid_file_is_left_alone(self):
        clock = self.make_clock("5s")
        with open(clock, "rb") as file:
            before = file.read()
        daemon = self.launch_daemon("--no-rpcbind", "--clock", clock, "--pid-file", clock)
        self.assertEqual(daemon.wait(), 1)
        self.assertIn(f"'{clock}' is not a PID file", daemon.stderr)
        with open(clock, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_where_no_file_can_be(self):
        daemon = self.launch_daemon("--no-rpcbind", "--pid-file", self.path("missing/pid"))
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("missing/pid", daemon.stderr)


class NtpTime(ctypes.Structure):
    """The head of struct ntptimeval; ntp_gettime(3) can only read."""

    _fields_ = [("seconds", ctypes.c_long), ("fraction", ctypes.c_long),
                ("max_error_us", ctypes.c_long), ("rest", ctypes.c_byte * 128)]


class ServedClockTest(SystemTest):
    def get_time(self, *args):
        daemon = self.start_lone_daemon(*args)
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        reply = rawrpc.parse_reply(client.exchange(rawrpc.call(rawrpc.GET_TIME)))
        return daemon, struct.unpack(">qqii", reply.results)

    def test_the_system_clocks_quality_is_the_kernels(self):
        kernel = NtpTime()
        state = ctypes.CDLL(None).ntp_gettime(ctypes.byref(kernel))
        self.assertGreaterEqual(state, 0)
        daemon, (_time, max_error, sync, _leap) = self.get_time()
        synchronised = state != TIME_ERROR
        self.assertEqual(bool(sync), synchronised)
        shown = self.timesync_json("query", host_port(daemon.addresses["udp"]))["server"]
        if synchronised:
            # The kernel lets it grow by 500 ppm between the two looks.
            self.assertAlmostEqual(max_error, kernel.max_error_us * 1000, delta=20_000_000)
            self.assertEqual(shown["sync"], "synchronised")
        else:
            self.assertEqual(shown["sync"], "unsynchronised")
            self.assertIsNone(shown["max_error_s"])

    def test_a_clock_file(self):
        daemon, _time = self.get_time("-c", self.make_clock("-1h"))
        for netid in NETIDS:
            with self.subTest(netid):
                answer = self.timesync_json("query", "-t", netid.rstrip("6"),
                                            host_port(daemon.addresses[netid]))
                self.assert_within_bound(answer, -3600 * 10**9)


if __name__ == "__main__":
    unittest.main()
