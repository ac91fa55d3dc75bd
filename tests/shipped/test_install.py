# SPDX-License-Identifier: BSD-3-Clause
"""What `make install` puts where, and what packagers ask of the Makefile."""

import os
import re
import subprocess
from pathlib import Path

from harness import SystemTest, tool

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ["TIMESYNC_BUILD"])
# The tests may have been started by make themselves, with flags that are not meant for these.
CLEAN = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


class InstallTest(SystemTest):
    def make(self, *args):
        done = subprocess.run([tool("make"), "--no-print-directory", f"BUILD={BUILD}", *args],
                              cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def install(self, *args):
        """{name below the destination: path} of all that is installed."""
        there = Path(self.path("there"))
        self.make("install", f"DESTDIR={there}", *args)
        return {f"/{p.relative_to(there)}": p for p in there.rglob("*") if p.is_file()}

    def test_the_texts_follow_the_prefix(self):
        for prefix in ("/usr", "/opt/timesync"):
            with self.subTest(prefix):
                files = self.install(f"PREFIX={prefix}")
                texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()
                         if "/share/" in name and not name.endswith(".py")
                         or name.endswith(".service")}
                self.assertGreater(len(texts), 20)
                for name, text in texts.items():
                    self.assertNotIn("/usr/local", text, name)
                unit = texts[f"{prefix}/lib/systemd/system/timesyncd.service"]
                started = re.search(r"^ExecStart=(\S+)", unit, re.M)[1]
                self.assertEqual(started, f"{prefix}/sbin/timesyncd")
                self.assertIn(started, files)
                self.make("uninstall", f"DESTDIR={self.path('there')}", f"PREFIX={prefix}")
                self.assertEqual([p for p in files.values() if p.exists()], [])

    def test_modes(self):
        for name, path in self.install().items():
            mode = path.stat().st_mode & 0o777
            self.assertEqual(mode, 0o755 if re.search("bin/|libexec/", name) else 0o644, name)

    def test_what_a_shell_reads_does_not_look_like_a_program(self):
        files = self.install("PREFIX=/usr")
        completion = files["/usr/share/bash-completion/completions/timesync"]
        self.assertFalse(completion.read_text(encoding="utf-8").startswith("#!"))

    def test_nothing_is_compiled_with_other_flags(self):
        def built():
            return {path: path.stat().st_mtime_ns for pattern in ("*.[oa]", "timesync*")
                    for path in BUILD.rglob(pattern) if "vm" not in path.parts}
        before = built()
        self.install("CFLAGS=-O0", "CC=false")
        self.assertEqual(built(), before)


class FlagsTest(SystemTest):
    def command(self, *args):
        """How a file is compiled."""
        done = subprocess.run(
            [tool("make"), "--no-print-directory", "--dry-run", "--always-make", "V=1",
             f"BUILD={self.path('elsewhere')}", f"{self.path('elsewhere')}/os/files.o", *args],
            cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=60,
            check=False)
        (line,) = [line for line in done.stdout.splitlines() if line.endswith(" os/files.c")]
        return line.split()

    def test_a_level_of_fortification_that_was_chosen_stays(self):
        for flags in ("CPPFLAGS=-D_FORTIFY_SOURCE=3", "CFLAGS=-O2 -Wp,-D_FORTIFY_SOURCE=3",
                      "CFLAGS=-O2 -U_FORTIFY_SOURCE"):
            with self.subTest(flags):
                found = [word for word in self.command(flags) if "_FORTIFY_SOURCE" in word]
                self.assertEqual(found, [flags.split()[-1].removeprefix("CPPFLAGS=")])

    def test_there_is_one_by_default(self):
        self.assertIn("-D_FORTIFY_SOURCE=2", self.command())

    def test_undeclared_functions_are_errors(self):
        source = self.path("undeclared.c")
        Path(source).write_text("int f(void) { return g(); }\n", encoding="ascii")
        command = self.command()
        flags = [word for word in command[1:-4] if word.startswith(("-W", "-std"))]
        self.assertIn("-std=c11", flags)
        done = subprocess.run([command[0], *flags, "-fsyntax-only", source], capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("implicit declaration", done.stderr)
