# SPDX-License-Identifier: BSD-3-Clause
"""The units for systemd: right in themselves, tight, and their command lines work."""

import re
import shlex
import signal
import subprocess
import textwrap
from pathlib import Path

from harness import SystemTest, program, tool
from test_install import CLEAN, BUILD

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = sorted((ROOT / "dist").glob("*.service"))
USER = 54321


def words_in(text, name):
    """The words behind NAME= in the text of a unit."""
    return shlex.split(re.search(rf"^{name}=(.*)$", text, re.M)[1])


def words_of(unit, name):
    """The same for a unit of ours."""
    return words_in((ROOT / "dist" / unit).read_text(encoding="utf-8"), name)


class UnitsTest(SystemTest):
    def analyze(self, *args):
        done = subprocess.run([tool("systemd-analyze"), *args], capture_output=True, text=True,
                              timeout=60, check=False, env={**CLEAN, "SYSTEMD_LOG_LEVEL": "warning"})
        return done.returncode, done.stdout + done.stderr

    def installed(self):
        there = self.path("there")
        subprocess.run([tool("make"), "--no-print-directory", f"BUILD={BUILD}", "install",
                        f"PREFIX={there}"], cwd=ROOT, env=CLEAN, check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        return sorted(str(path) for path in Path(there).rglob("*.service"))

    def test_systemd_has_nothing_to_say(self):
        units = self.installed()
        self.assertEqual(len(units), len(UNITS))
        self.assertEqual(self.analyze("verify", "--man=no", *units), (0, ""))

    def test_a_mistake_would_be_seen(self):
        (unit, *_) = [u for u in self.installed() if u.endswith("/timesyncd.service")]
        text = Path(unit).read_text(encoding="utf-8")
        Path(unit).write_text(text.replace("ExecStart=", "ExecStrat="), encoding="utf-8")
        self.assertNotEqual(self.analyze("verify", "--man=no", unit), (0, ""))

    def test_exposure(self):
        for unit, most in (("timesyncd.service", 1.5), ("timesyncd-group@.service", 1.5),
                           ("timesync-wait.service", 0.5), ("timesync-exporter.service", 1.0),
                           ("timesync-track.service", 2.4), ("timesyncd-upstream.service", 2.8)):
            with self.subTest(unit):
                _, said = self.analyze("security", "--offline=true", str(ROOT / "dist" / unit))
                level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
                self.assertLessEqual(float(level[1]), most, said)

    def test_which_may_set_the_clock(self):
        may = {"timesync-track.service": ["CAP_SYS_TIME"],
               # the others, to become another user that can use what root has made
               "timesyncd-upstream.service": ["CAP_SYS_TIME", "CAP_SETUID", "CAP_SETGID",
                                              "CAP_CHOWN"]}
        for path in UNITS:
            with self.subTest(path.name):
                self.assertEqual(words_of(path.name, "CapabilityBoundingSet"),
                                 may.get(path.name, []))


    def test_the_guide_s_member_that_keeps_the_system_clock(self):
        """With what its unit is to have on top, the capability is for the real clock."""
        guide = (ROOT / "docs/groups-guide.md").read_text(encoding="utf-8")
        block = re.search(r"`systemctl edit timesyncd`:\n\n((?:    .*\n)+)", guide)[1]
        drop_in = textwrap.dedent(block)
        self.assertEqual(words_of("timesyncd.service", "PrivateUsers"), ["yes"])
        self.assertEqual(words_in(drop_in, "PrivateUsers"), ["no"])
        self.assertEqual(words_in(drop_in, "AmbientCapabilities"), ["CAP_SYS_TIME"])
        command = re.search(r"^ExecStart=(/usr(?:[^\\\n]|\\\n)*)$", drop_in, re.M)[1]
        command = command.replace("\\\n", "")
        done = subprocess.run([program("timesyncd"), *shlex.split(command)[1:]],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertIn("cannot use the key file", done.stderr)


class StartTest(SystemTest):
    def start_as_a_service(self, *command):
        """As DynamicUser= and PrivateUsers= do: another user, in a namespace of users of its own."""
        Path(self.directory).chmod(0o755)
        wait = f"read go && exec setpriv --reuid {USER} --regid {USER} --clear-groups -- \"$@\""
        process = subprocess.Popen(
            [tool("unshare"), "--user", "sh", "-c", wait, "sh", *command], text=True,
            stdin=subprocess.PIPE, stderr=open(self.path("log"), "w", encoding="utf-8"))
        self.addCleanup(self.end, process)
        here = Path("/proc/self/ns/user").readlink()
        self.wait_until(lambda: Path(f"/proc/{process.pid}/ns/user").readlink() != here, "namespace")
        for kind in ("uid", "gid"):
            Path(f"/proc/{process.pid}/{kind}_map").write_text(f"0 0 1\n{USER} {USER} 1\n",
                                                               encoding="ascii")
        process.stdin.write("go\n")
        process.stdin.flush()
        return process

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()

    def test_the_server_as_its_unit_starts_it(self):
        """rpcbind sees its user, who can withdraw the registration; root can ask how it does."""
        self.start_rpcbind()
        runtime = Path(self.path("runtime"))
        runtime.mkdir(mode=0o755)
        subprocess.run(["chown", f"{USER}:{USER}", str(runtime)], check=True)
        socket = f"{runtime}/socket"
        stands_for = {"/usr/local/sbin/timesyncd": program("timesyncd"),
                      "/etc/timesync/timesyncd.conf": str(ROOT / "dist/timesyncd.conf"),
                      "/run/timesyncd/socket": socket}
        command = [stands_for.get(word, word) for word in words_of("timesyncd.service", "ExecStart")
                   if not word.startswith("$")]
        daemon = self.start_as_a_service(*command)
        self.wait_until(lambda: len(self.registered()) == 4, "it registers")
        owners = {line.split()[-1] for line in self.rpcinfo().stdout.splitlines()
                  if line.split()[0] == "542397273"}
        self.assertEqual(owners, {str(USER)})
        self.assertEqual(self.timesync("status", "--socket", socket).status, 0)
        daemon.terminate()
        self.assertEqual(daemon.wait(20), 0)
        self.assertEqual(self.registered(), {})

    def test_the_options_of_the_others_are_known(self):
        """Their lines are read up to a part that is missing here: configuration, servers."""
        group = [word.replace("%i", "name") for word in
                 words_of("timesyncd-group@.service", "ExecStart")]
        done = subprocess.run([program("timesyncd"), *group[1:]], capture_output=True, text=True,
                              timeout=20, check=False)
        self.assertIn("--config /etc/timesync/group-name.conf", " ".join(group))
        self.assertNotIn("unknown", done.stderr)
        upstream = words_of("timesyncd-upstream.service", "ExecStart")[1:]
        stands_for = {"/etc/timesync/timesyncd.conf": str(ROOT / "dist/timesyncd.conf"),
                      "$TIMESYNCD_OPTIONS": "--no-rpcbind"}
        done = subprocess.run([program("timesyncd"), *(stands_for.get(word, word) for word in upstream)],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--drift-file, --log, --max-change and --allow-unsynchronised need --upstream",
                      done.stderr)  # all else is right
        track = words_of("timesync-track.service", "ExecStart")
        options = [word for word in track[2:] if not word.startswith("$") or word.startswith("${")]
        known = self.timesync(*track[1:2], "--help").stdout
        for option in (word for word in options if word.startswith("--")):
            self.assertIn(f" {option} ", known)
