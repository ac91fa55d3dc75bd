# SPDX-License-Identifier: BSD-3-Clause
"""Typing the commands of documents, as their readers do, and looking at what they print."""

import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import processes
from harness import DEADLINE_S, SystemTest, tool

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = ROOT / "docs/exercises.md"


class Section:
    """The outcome of the commands of one section."""

    def __init__(self, text):
        self.failures = re.findall(r"^@failed (.*)$", text, re.M)
        self.output = text


def blocks(text):
    """The commands in a piece of a document."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


def sections(document):
    """{first word of the heading: text} of a document."""
    parts = re.split(r"^## ", document.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {re.match("[0-9A-Za-z]+", part)[0]: part for part in parts}


def script(pieces):
    """The commands of [(name, text)]. Marks name the piece of each, and a failed command."""
    lines = ["trap 'echo \"@failed $? $BASH_COMMAND\"' ERR"]
    for name, text in pieces:
        lines += [f"echo @section {name}", *blocks(text)]
    return "\n".join(lines) + "\n"


def as_ordinary_user(build):
    """setpriv, to become the user that built the programs, without any privilege."""
    owner = build.stat()
    return ([tool("setpriv"), "--reuid", str(owner.st_uid), "--regid", str(owner.st_gid),
             "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"], owner)


class TypedTest(SystemTest):
    """The commands are run once, from the first to the last, and then looked at. Those that have
    nothing to do with each other are typed in several shells at the same time: most of it is waiting.
    """

    @classmethod
    def shells(cls):
        """For each shell [(name, text)] of the commands typed there. No name twice."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        build = Path(os.environ["TIMESYNC_BUILD"])
        # What the reader has: a source directory with build/ in it, wherever the build is here.
        source = Path(os.environ["TMPDIR"], "source")
        source.mkdir()
        cls.addClassCleanup(source.rmdir)
        for name, to in (("build", build), ("timesync.x", ROOT / "timesync.x")):
            (source / name).symlink_to(to)
            cls.addClassCleanup((source / name).unlink)
        become, owner = as_ordinary_user(build)
        os.chown(source, owner.st_uid, owner.st_gid)
        before = processes.every()

        def typed(pieces):
            return subprocess.run([*become, "bash"], input=script(pieces), cwd=source, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        with ThreadPoolExecutor() as pool:
            done = list(pool.map(typed, cls.shells()))
        cls.left = cls.processes_left(before)
        cls.typed = {}
        for shell in done:
            parts = re.split(r"^@section (\S+)\n", shell.stdout, flags=re.M)
            cls.typed |= {name: Section(text) for name, text in zip(parts[1::2], parts[2::2])}

    @staticmethod
    def processes_left(before):
        """Those that still have not ended a while after they should have."""
        end = time.monotonic() + DEADLINE_S
        while processes.every() - before and time.monotonic() < end:
            time.sleep(0.05)
        return {pid: processes.look(pid, "cmdline") for pid in processes.every() - before}

    def output(self, name):
        print(self.typed[name].output)
        return self.typed[name].output

    def assert_failures(self, wanted):
        """{section: the commands that are meant to fail, each as 'STATUS COMMAND'}"""
        for name, section in self.typed.items():
            with self.subTest(name):
                failures = [" ".join(f.split()[:len(w.split())]) for f, w
                            in zip(section.failures, wanted.get(name, []))]
                self.assertEqual(len(section.failures), len(failures), section.output)
                self.assertEqual(failures, wanted.get(name, []), section.output)

    def assert_nothing_is_left(self):
        self.assertEqual(self.left, {})
        self.assertEqual([p.name for p in Path(os.environ["TMPDIR"]).iterdir()
                          if p.name.startswith("tmp.")], [])
        self.assertEqual(sorted(os.listdir(Path(os.environ["TMPDIR"], "source"))),
                         ["build", "timesync.x"])
