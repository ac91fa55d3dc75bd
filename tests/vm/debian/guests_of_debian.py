# SPDX-License-Identifier: BSD-3-Clause
"""What timedatectl, journalctl and others say in guests that run Debian with our units.

The tests of a class are run in the order of their names, on the same guest.
"""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace

import reporting
from guests import Guest

PORT = 5542  # as in the guest's track.env
HOST = "10.0.2.2"
DEADLINE_S = 240  # the processor is emulated, and the machine may have other work
# The host's clock and the guest's, by way of the serial line of an emulated machine.
CLOSE_S = 0.5
CAP_SYS_TIME = 1 << 25


class Debian(Guest):
    """A guest that boots the disk; `how` is how its root is mounted, "rw" or "ro"."""

    def __init__(self, build, work, name, how, rtc):
        super().__init__(work, name, f"timesync.disk={how} quiet systemd.journald.forward_to_console=0", [
            "-m", "1024", "-rtc", f"base={rtc},clock=host",
            "-drive", f"file={build}/vm/disk,format=raw,if=virtio,snapshot=on",
            "-netdev", "user,id=net",
            "-device", "virtio-net-pci,netdev=net,romfile=",
            "-kernel", build / "vm/vmlinuz", "-initrd", build / "vm/initramfs",
        ])

    def sh(self, command):
        """Run it in the guest's shell: (status, stdout, stderr)."""
        done = self.ask(base64.b64encode(command.encode()).decode())
        return SimpleNamespace(status=done["status"], **{
            name: base64.b64decode(done[name]).decode(errors="replace").strip()
            for name in ("stdout", "stderr")})


class DebianTest(unittest.TestCase):
    build = None  # set before the tests are run
    how, rtc = "rw", "2024-06-15T12:00:00"

    @classmethod
    def setUpClass(cls):
        cls.work = Path(tempfile.mkdtemp(prefix="debian"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.addClassCleanup(cls.keep_console)
        cls.guest = Debian(cls.build, cls.work, cls.__name__, cls.how, cls.rtc)
        cls.addClassCleanup(cls.guest.end)
        cls.guest.wait_until_up("up")
        if not cls.sh("systemctl is-active timesyncd").stdout:
            raise RuntimeError("systemd does not answer")

    @classmethod
    def keep_console(cls):
        if cls.guest.console.exists():
            shutil.copy(cls.guest.console, cls.build / f"vm/console-{cls.__name__}")

    @classmethod
    def sh(cls, command):
        return cls.guest.sh(command)

    def said(self, command):
        """What it prints; it must end well."""
        done = self.sh(command)
        self.assertEqual(done.status, 0, f"{command}: {done}")
        return done.stdout

    def wait_until(self, condition, what):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.5)
        self.fail(f"not within {DEADLINE_S} s: {what}\n" + self.sh(
            "systemctl --no-pager --plain list-units 'timesync*' rpcbind.service;"
            "journalctl -b -o short-monotonic --no-pager | tail -n 60").stdout)

    def state(self, unit):
        return self.sh(f"systemctl is-active {unit}").stdout

    def is_synchronised(self):
        """As timedatectl has it, which gives up too soon on a busy machine."""
        for _ in range(5):
            done = self.sh("timedatectl show -p NTPSynchronized --value")
            if done.status == 0:
                break
        self.assertIn(done.stdout, ("yes", "no"), done)
        return done.stdout == "yes"

    def now(self):
        done = self.sh("timesync now --json")
        self.assertTrue(done.stdout.startswith("{"), done)
        return json.loads(done.stdout)

    def connect(self):
        self.said("ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up")

    def clock_error_s(self):
        """(by how much the guest's clock is ahead of the host's, +/- this)"""
        before = time.time()
        shown = float(self.said("date +%s.%N"))
        after = time.time()
        return shown - (before + after) / 2, (after - before) / 2

    def assert_bounded(self):
        """The published bound of the true time, if any, contains the host's time."""
        before = time.time_ns()
        now = self.now()
        after = time.time_ns()
        if now["state"] != "unknown":
            self.assertLessEqual(now["earliest_ns"], after)
            self.assertGreaterEqual(now["latest_ns"], before)

    def assert_right(self):
        self.assert_bounded()
        error, bound = self.clock_error_s()
        self.assertLessEqual(abs(error), bound + CLOSE_S)
        measured = json.loads(self.said(f"timesync query --json {HOST}:{PORT}"))
        self.assertLessEqual(abs(float(measured["offset_s"])), 0.1, measured)

    def warnings(self, unit, since=None):
        """[(priority, the line)] of the unit's own processes, of warnings and worse."""
        entries = self.said(f"journalctl -u {unit} -p warning -o json --no-pager"
                            + (f" --after-cursor='{since}'" if since else ""))
        entries = [json.loads(line) for line in entries.splitlines()]
        return [(int(e["PRIORITY"]), e["MESSAGE"]) for e in entries
                if e.get("SYSLOG_IDENTIFIER") != "systemd"]

    def cursor(self):
        return re.search("-- cursor: (.*)", self.said("journalctl -n 1 --show-cursor -q"))[1]


class BootTest(DebianTest):
    """The clock is at 1970, and the network and rpcbind come late."""

    rtc = "1970-01-01T00:00:00"

    def registered(self):
        return "542397273" in self.sh("rpcinfo -p 127.0.0.1").stdout

    def test_01_without_a_network(self):
        self.wait_until(lambda: self.state("timesyncd") == "active", "the server serves")
        # systemd does not let it be earlier than when systemd itself was made.
        self.assertLess(int(self.said("date +%s")), time.time() - 86400)
        self.assertFalse(self.is_synchronised())
        self.assertIn(self.state("timesync-track"), ("active", "activating"))
        self.assertEqual(self.state("timesync-wait"), "activating")
        self.assertEqual(self.state("time-sync.target"), "inactive")
        self.assertEqual(self.state("needs-time"), "inactive")
        self.assertEqual(self.sh("timesync wait --timeout 10ms").status, 1)

    def test_02_the_network_comes(self):
        self.connect()
        self.wait_until(self.is_synchronised, "timedatectl says synchronised")
        self.wait_until(lambda: self.state("needs-time") == "active", "time-sync.target is reached")
        self.assertEqual(self.state("timesync-wait"), "active")
        self.assertEqual(self.now()["state"], "synchronised")
        self.assert_right()
        started = int(self.said("cat /run/needs-time"))
        self.assertLessEqual(abs(time.time() - started), DEADLINE_S)
        self.assertRegex(self.said("timedatectl"), "System clock synchronized: yes")

    def test_03_the_journal(self):
        """Each line has its priority, and none the name of the program twice."""
        self.assertEqual([line for _, line in self.warnings("timesyncd")
                          if not line.startswith("no rpcbind on this machine")], [])
        (step,) = [line for _, line in self.warnings("timesync-track") if "stepped" in line]
        self.assertRegex(step, r"clock stepped from \d{4}-.* to \d{4}-.*: ")
        lines = self.said("journalctl -u timesyncd -u timesync-track -o cat --no-pager")
        self.assertNotRegex(lines, r"(?m)^(<\d>)?timesync(d| track)?: ")
        self.assertIn("serving udp", self.said(
            "journalctl -u timesyncd -o cat --no-pager -p info..info"))

    def test_04_rpcbind_comes_late(self):
        self.assertFalse(self.registered())
        self.said("systemctl unmask rpcbind.service rpcbind.socket && systemctl start rpcbind")
        self.wait_until(self.registered, "the server is registered")
        self.assertEqual(self.sh("timesync doctor 127.0.0.1").status, 0)

    def test_05_rpcbind_is_restarted(self):
        self.said("systemctl restart rpcbind")
        self.wait_until(self.registered, "the server is registered again")
        self.said("systemctl stop rpcbind.socket rpcbind && rm -rf /run/rpcbind && "
                  "systemctl start rpcbind")
        self.wait_until(self.registered, "the server is registered once more")

    def test_06_the_daemon_is_killed(self):
        before = self.said("systemctl show -p MainPID --value timesyncd")
        self.said("systemctl kill -s KILL timesyncd")
        self.wait_until(lambda: self.said("systemctl show -p MainPID --value timesyncd")
                        not in (before, "0") and self.state("timesyncd") == "active", "it is back")
        self.wait_until(self.registered, "and registered")
        self.said("timesync status && timesync query 127.0.0.1")
        before = self.said("systemctl show -p MainPID --value timesync-track")
        self.said("systemctl kill -s KILL timesync-track")
        self.wait_until(lambda: self.said("systemctl show -p MainPID --value timesync-track")
                        not in (before, "0"), "the tracker is back")
        self.wait_until(lambda: self.now()["state"] == "synchronised" and self.is_synchronised(),
                        "it keeps the clock again")
        self.assert_right()

    def test_07_a_start_that_fails(self):
        for options, why in (("--no-such-option", "no-such-option"),
                             (f"--port {PORT + 1} --address 192.0.2.77", "192.0.2.77"),
                             ("--port 111", ":111")):
            with self.subTest(options):
                since = self.cursor()
                self.said(f"echo 'TIMESYNCD_OPTIONS={options}' >/etc/default/timesyncd")
                self.assertNotEqual(self.sh("systemctl restart timesyncd").status, 0)
                told = self.warnings("timesyncd", since)
                self.assertTrue([line for _, line in told if why in line], told)
                self.said("systemctl stop timesyncd; systemctl reset-failed timesyncd || true")
        self.said("rm /etc/default/timesyncd && systemctl start timesyncd")
        self.assertEqual(self.state("timesyncd"), "active")

    def test_08_the_guest_is_suspended(self):
        """For 20 s, in which its clock stands still or not, as its hardware has it."""
        self.said("nohup sh -c 'sleep 1; echo mem >/sys/power/state' >/dev/null 2>&1 &")
        end = time.monotonic() + DEADLINE_S
        while self.guest.control("query-status")["status"] != "suspended":
            self.assertLess(time.monotonic(), end, "it is not suspended")
            time.sleep(0.2)
        time.sleep(20)
        self.guest.control("system_wakeup")
        time.sleep(5)  # the serial line may lose what comes while it wakes up
        self.wait_until(lambda: self.sh("echo awake").stdout == "awake", "it wakes up")
        self.assert_bounded()
        self.wait_until(lambda: self.now()["state"] == "synchronised" and self.is_synchronised(),
                        "it keeps the clock again")
        self.wait_until(lambda: abs(self.clock_error_s()[0]) < CLOSE_S, "the clock is right")
        self.assert_right()
        self.said("timesync status")

    def test_09_exposure(self):
        for unit, most in (("timesyncd", 1.5), ("timesync-wait", 1.5), ("timesync-exporter", 1.5),
                           ("timesync-track", 2.4), ("timesyncd-upstream", 2.8)):
            with self.subTest(unit):
                said = self.said(f"systemd-analyze security --no-pager {unit}")
                level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
                self.assertLessEqual(float(level[1]), most, said)

    def test_10_metrics(self):
        command = ("bash -c 'exec 3<>/dev/tcp/127.0.0.1/9542; "
                   r'printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' "'")
        self.wait_until(lambda: self.now()["state"] == "synchronised", "the clock is kept")
        metrics = self.said(command)
        self.assertIn('timesync_server_up{socket="/run/timesyncd/socket"} 1\n', metrics)
        self.assertIn('timesync_clock_state{clock="system",state="synchronised"} 1\n', metrics)
        self.said("systemctl stop timesyncd")
        self.assertIn("timesync_server_up", self.said(command))
        self.assertNotIn('timesync_server_up{socket="/run/timesyncd/socket"} 1', self.said(command))
        self.said("systemctl start timesyncd")

    def test_11_a_group(self):
        self.said("timesync group keygen /etc/timesync/group-island.key && "
                  "echo 'member 127.0.0.1' >/etc/timesync/group-island.conf && "
                  "echo no-rpcbind >>/etc/timesync/group-island.conf && "
                  "systemctl start timesyncd-group@island")
        socket = "--socket /run/timesyncd-group-island/socket"
        self.wait_until(lambda: json.loads(self.sh(f"timesync group status --json {socket}").stdout
                                           or "{}").get("leads"), "its only member leads")
        self.assertEqual([line for _, line in self.warnings("timesyncd-group@island")
                          if not line.endswith("no other one can join")], [])  # as it is 127.0.0.1
        owner = self.said("stat -c %a /etc/timesync/group-island.key")
        self.assertEqual(owner, "600")
        self.said("systemctl stop timesyncd-group@island")

    def test_12_set_ntp_knows_track(self):
        """And starting it ends another program that keeps the clock."""
        self.said("mkdir -p /etc/systemd/ntp-units.d && "
                  "cp /usr/share/timesync/50-timesync.list /etc/systemd/ntp-units.d && "
                  "systemctl daemon-reload && systemctl stop timesync-track && "
                  "systemctl restart systemd-timedated && systemctl start systemd-timesyncd")
        self.assertEqual(self.state("systemd-timesyncd"), "active")
        self.said("timedatectl set-ntp true")
        self.wait_until(lambda: self.state("timesync-track") == "active", "track is started")
        self.assertNotEqual(self.state("systemd-timesyncd"), "active")
        self.said("timedatectl set-ntp false")
        self.wait_until(lambda: self.state("timesync-track") == "inactive", "track is stopped")

    def test_13_after_the_end(self):
        self.said("systemctl start timesync-track")
        self.wait_until(self.is_synchronised, "it is synchronised again")
        self.said("systemctl stop timesync-track")
        self.assertFalse(self.is_synchronised())
        self.assertEqual(self.sh("systemctl is-failed timesync-track").stdout, "inactive")


class ReadOnlyTest(DebianTest):
    """Nothing but /run, /dev, /proc and /sys can be written to."""

    how = "ro"

    def test_1_the_root_is_read_only(self):
        self.assertNotEqual(self.sh("touch /var/lib/here").status, 0)
        self.assertNotEqual(self.sh("touch /tmp/here").status, 0)

    def test_2_the_server_serves(self):
        self.wait_until(lambda: self.state("timesyncd") == "active", "the server serves")
        self.assertEqual([line for _, line in self.warnings("timesyncd")
                          if not line.startswith("no rpcbind on this machine")], [])

    def test_3_the_clock_is_kept(self):
        self.connect()
        self.wait_until(lambda: self.now()["state"] == "synchronised", "the clock is kept")
        self.wait_until(self.is_synchronised, "timedatectl says synchronised")
        self.wait_until(lambda: self.state("needs-time") == "active", "time-sync.target is reached")
        self.assert_right()
        told = [line for _, line in self.warnings("timesync-track")]
        self.assertTrue([line for line in told if "drift" in line], told)

    def test_4_metrics(self):
        self.assertEqual(self.state("timesync-exporter"), "active")


class UpstreamTest(DebianTest):
    """timesyncd-upstream.service instead of timesyncd.service and timesync-track.service."""

    rtc = "1970-01-01T00:00:00"
    UNIT = "timesyncd-upstream"

    def processes(self):
        """[(pid, parent, user, capabilities)] of the unit."""
        lines = self.said(
            f"for pid in $(cat /sys/fs/cgroup$(systemctl show -p ControlGroup --value {self.UNIT})"
            "/cgroup.procs); do awk -v pid=$pid '/^(PPid|Uid|CapPrm):/ { v[$1] = $2 }"
            """ END { print pid, v["PPid:"], v["Uid:"], v["CapPrm:"] }' /proc/$pid/status; done""")
        return [(int(pid), int(parent), int(user), int(capabilities, 16))
                for pid, parent, user, capabilities in map(str.split, lines.splitlines())]

    def test_1_it_is_enabled(self):
        self.said(f"printf '%s\\n' 'upstream {HOST}:{PORT}' 'makestep 1s,3' 'max-change 1000000h' "
                  ">>/etc/timesync/timesyncd.conf")
        self.assertNotEqual(self.sh("systemctl restart timesyncd").status, 0)  # nobody may set it
        self.said(f"systemctl -q disable timesyncd timesync-track && systemctl -q enable {self.UNIT}")
        self.said("systemctl --no-block reboot")
        self.guest.wait_until_up("up")
        self.wait_until(lambda: self.state(self.UNIT) == "active", "the server serves")
        self.assertFalse(self.is_synchronised())
        self.assertEqual(self.state("timesync-wait"), "activating")
        for other in ("timesyncd", "timesync-track", "needs-time"):
            self.assertEqual(self.state(other), "inactive")

    def test_2_the_network_comes(self):
        self.connect()
        self.wait_until(self.is_synchronised, "timedatectl says synchronised")
        self.wait_until(lambda: self.state("needs-time") == "active", "time-sync.target is reached")
        self.assert_right()
        served = json.loads(self.said("timesync query --json 127.0.0.1:5543"))["server"]
        self.assertEqual(served["sync"], "synchronised")
        self.assertGreaterEqual(served["max_error_s"], 0.001)  # what the upstream server claims

    def test_3_two_processes_may_set_the_clock(self):
        processes = self.processes()
        self.assertEqual({str(user) for _, _, user, _ in processes},
                         {self.said("id -u timesyncd")})
        able = {pid: parent for pid, parent, _, capabilities in processes if capabilities}
        self.assertEqual({capabilities for *_, capabilities in processes}, {0, CAP_SYS_TIME})
        self.assertEqual(len(able), 2, processes)
        self.assertEqual(len(set(able) & set(able.values())), 1)  # one has started the other

    def test_4_the_tracker_is_killed(self):
        able = {pid: parent for pid, parent, _, capabilities in self.processes() if capabilities}
        (tracker,) = [pid for pid, parent in able.items() if parent in able]
        self.said(f"kill -s KILL {tracker}")
        self.wait_until(lambda: "ended by signal 9" in self.said(f"journalctl -u {self.UNIT}"),
                        "the guardian says so")
        self.wait_until(lambda: json.loads(self.said("timesync status --json"))["tracking"]["polls"],
                        "another one polls")
        self.assert_right()

    def test_5_what_it_leaves(self):
        self.assertEqual(self.said("stat -c '%U %a' /var/lib/timesyncd"), "timesyncd 700")
        told = [line for _, line in self.warnings(self.UNIT)
                if not line.startswith("no rpcbind on this machine")]
        self.assertEqual([line for line in told if "clock stepped from" not in line
                          and "ended by signal 9" not in line], [])
        self.said("systemctl start systemd-timesyncd")
        self.assertEqual(self.state(self.UNIT), "inactive")
        self.assertFalse(self.is_synchronised())
        self.said(f"systemctl start {self.UNIT}")
        self.assertEqual(self.state("systemd-timesyncd"), "inactive")
        self.wait_until(self.is_synchronised, "it is synchronised again")


CLASSES = (BootTest, ReadOnlyTest, UpstreamTest)


def serve(build, work):
    """A timesyncd of the host, which serves its time to the guests."""
    clock = work / "truth"
    subprocess.run([build / "timesync", "clock", "create", clock], check=True)
    return subprocess.Popen([
        build / "timesyncd", "-f", "--no-rpcbind", "--clock", clock, "--local", "1ms",
        "--address", "127.0.0.1", "--port", str(PORT), "--socket", work / "socket"],
        stderr=subprocess.DEVNULL)


def run(build, wanted, add):
    """Run the tests with a wanted part in their names, or all; add(outcome, name, detail)."""
    DebianTest.build = build
    with tempfile.TemporaryDirectory(prefix="truth") as work:
        server = serve(build, Path(work))
        try:
            reporting.run(reporting.tests_of(CLASSES, wanted), add)
        finally:
            server.terminate()
            server.wait()
