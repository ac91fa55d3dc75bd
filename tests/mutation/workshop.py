# SPDX-License-Identifier: BSD-3-Clause
"""A copy of the tree, in which mutants are built and the tests are run on them.

Nothing outside the workshop's directory is written to. All processes are of one CPU limit and one
wall limit, and what a test leaves running is ended with it.
"""

import fcntl
import hashlib
import json
import math
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from runner.gcov import gcov_of, notes_beside, notes_of, read_lines

COPIED = (
    "Makefile", "core", "os", "print", "rpc", "measure", "track", "group", "server", "client",
    "exporter", "lab", "tests", "dist",
)
PLAIN = {"CFLAGS": "-g0"}  # no line numbers: what means the same is compiled to the same
MAKE_NOISE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS")
# What lets a program see time or another process.
WAITS = re.compile(r"\b(clock_gettime|gettimeofday|fork|poll|ppoll|select|epoll_wait|nanosleep)\b")
MEMORY = 4 << 30
FILE_SIZE = 64 << 20


@dataclass
class Program:
    """A test program: how it is linked, what it covers, and how long it takes."""

    name: str  # unit/test_x
    path: Path = None  # as it is
    digest: str = ""
    may_wait: bool = False  # for time or for another process: it might fail by itself
    seconds: float = 0
    cpu: float = 0
    lines: dict = field(default_factory=dict)  # {file: lines that it has run}

    def covers(self, file, first, last):
        return any(first <= line <= last for line in self.lines.get(file, ()))


def digest_of(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def file_digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class Workshop:
    def __init__(self, root, place, rooms):
        self.root, self.place, self.rooms = root, place, rooms
        self.tree = place / "tree"
        self.scratch = place / "scratch"
        self.env = {name: value for name, value in os.environ.items() if name not in MAKE_NOISE}
        place.mkdir(parents=True, exist_ok=True)
        self.lock = open(place / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"tests/mutants: another one is at work in {place}")
        self.commands = {}  # {source: how it is compiled}
        self.programs = []
        self.compiler = ""
        self.link_flags, self.libraries = [], []

    # --- the copy ---

    def copy_tree(self):
        """Make the copy the same as the work tree; unchanged files keep their dates."""
        wanted = set()
        for name in COPIED + tuple(path.name for path in self.root.glob("*.x")):
            top = self.root / name
            for path in [top] if top.is_file() else top.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    wanted.add(path.relative_to(self.root))
        for path in wanted:
            target = self.tree / path
            if not target.exists() or target.read_bytes() != (self.root / path).read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.root / path, target)
        for path in list(self.tree.rglob("*")):
            relative = path.relative_to(self.tree)
            if path.is_file() and relative.parts[0] != "build" and relative not in wanted:
                path.unlink()

    def make(self, *words, **variables):
        command = ["make", "--no-print-directory", f"-j{len(os.sched_getaffinity(0))}"]
        command += [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [*command, *words], cwd=self.tree, env=self.env, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode != 0:
            sys.exit(f"tests/mutants: this does not build:\n{done.stdout}")
        return done.stdout

    def test_names(self, wanted):
        paths = [path for kind in ("unit", "sim") if wanted in (kind, "*")
                 for path in self.tree.glob(f"tests/{kind}/test_*.c")]  # fmt: skip
        return sorted(str(path.relative_to(self.tree / "tests").with_suffix("")) for path in paths)

    def build(self, kind):
        """Build the tests of a kind, "unit", "sim" or "*" for both, plain and with counters, and
        learn how make does it."""
        self.copy_tree()
        names = self.test_names(kind)
        self.make("programs", *(f"build/tests/{name}" for name in names), **PLAIN)
        self.make(*(f"build/coverage/tests/{name}" for name in names), COVERAGE="1")
        dry = self.make("--dry-run", "--always-make", "V=1", f"build/tests/{names[0]}", **PLAIN)
        for line in dry.splitlines():
            words = shlex.split(line) if " -o build/" in line else []
            if "-c" in words and words[-1].endswith(".c"):
                self.commands[words[-1]] = [w for w in words if w not in ("-MMD", "-MP")]
                self.compiler = words[0]
            elif "build/modules.a" in words:
                self.learn_link(words)
        self.programs = [Program(name) for name in names]

    def learn_link(self, words):
        """What the tests share becomes a library, so that each is linked with what it needs, and
        stays the same when something else changes."""
        objects = [word for word in words if word.endswith(".o") and "/test_" not in word]
        objects = [word for word in objects if word != words[words.index("-o") + 1]]
        archive = self.scratch / "support.a"
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.unlink(missing_ok=True)
        subprocess.run(["ar", "qcsD", archive, *objects], cwd=self.tree, check=True)
        output = words.index("-o")
        flags, rest = words[:output], words[words.index("build/modules.a") + 1 :]
        self.link_flags = flags
        self.libraries = ["-Wl,--start-group", str(archive), "build/modules.a",
                          "-Wl,--end-group", *rest]  # fmt: skip

    def link(self, name, target, *objects):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        command = [*self.link_flags, "-o", target, f"build/tests/{name}.o", *objects]
        subprocess.run([*command, *self.libraries], cwd=self.tree, env=self.env, check=True)

    # --- what covers what ---

    def survey(self):
        """Find out which lines each program runs and how long it takes; remembered by the program's
        content. All have to pass as they are."""
        known = self.place / "programs.json"
        facts = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
        for program in self.programs:
            program.path = self.scratch / "right" / program.name
            self.link(program.name, program.path)
            program.digest = key = file_digest(program.path)
            program.may_wait = self.waits(program.path)
            if key not in facts:
                facts[key] = self.look_at(program)
                known.write_text(json.dumps(facts), encoding="utf-8")
            program.seconds, program.cpu, program.lines = facts[key]
        self.programs.sort(key=lambda p: (p.seconds, p.name))

    def waits(self, path):
        names = subprocess.run(["nm", "-D", "--undefined-only", path], check=True, text=True,
                               capture_output=True).stdout  # fmt: skip
        return bool(WAITS.search(names))

    def look_at(self, program):
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        outcome = self.run(program.path, 120, 120)
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
        counters = self.scratch / "counters"
        shutil.rmtree(counters, ignore_errors=True)
        if outcome == "passed":
            counting = self.tree / "build/coverage/tests" / program.name
            outcome = self.run(counting, 120, 120, GCOV_PREFIX=str(counters))
        if outcome != "passed":
            text = self.log().read_text(encoding="utf-8", errors="replace")
            sys.exit(f"tests/mutants: {program.name} {outcome} as it is:\n{text}")
        notes = notes_beside(counters, notes_of(self.tree / "build/coverage", self.rooms))
        files = read_lines(self.tree, gcov_of(self.compiler), notes)
        lines = {file: sorted(n for n, ran in of.items() if ran) for file, of in files.items()}
        return [seconds, used, {file: ran for file, ran in lines.items() if ran}]

    # --- one mutant ---

    def preprocess(self, file):
        """All that its code depends on: a file with what it includes, without comments."""
        command = [w for w in self.commands[file] if w not in ("-c", "-o", self.object_of(file))]
        done = subprocess.run([*command, "-E", "-P"], cwd=self.tree, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True)  # fmt: skip
        return done.stdout

    def object_of(self, file):
        command = self.commands[file]
        return command[command.index("-o") + 1]

    def compile(self, file, text):
        """Compile a text in the place of a file. The object's digest, or None if it is no C."""
        source, target = self.scratch / file, self.scratch / "mutant.o"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        command = [w for w in self.commands[file][:-1] if not w.startswith("-W")]
        command[command.index("-o") + 1] = str(target)
        target.unlink(missing_ok=True)
        done = subprocess.run(
            [*command, "-Werror=return-type", "-fmax-errors=1", str(source)], cwd=self.tree,
            env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return file_digest(target) if done.returncode == 0 else None

    def try_mutant(self, program):
        """Link the object that was compiled last into a test program, and run that: "passed",
        "failed", "crashed" or "ran out of time"."""
        target = self.scratch / "tests" / program.name
        self.link(program.name, target, self.scratch / "mutant.o")
        cpu, wall = math.ceil(1 + 5 * program.cpu), 10 + 10 * program.seconds
        outcome = self.run(target, cpu, wall)
        if outcome == "failed" and program.may_wait:  # once more: others may have held it up
            outcome = self.run(target, cpu, wall)
        return outcome

    def log(self):
        return self.scratch / "log"

    def run(self, program, cpu, wall, **env):
        """Run a test program in the tree, in a session of its own."""

        def limit():
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        temporary = self.scratch / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        temporary.chmod(0o1777)
        env = {**self.env, **env, "TMPDIR": str(temporary), "CMOCKA_TEST_ABORT": "1"}
        with open(self.log(), "wb") as log:
            process = subprocess.Popen(
                [program], cwd=self.tree, env=env, preexec_fn=limit,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                status = process.wait(wall)
            except subprocess.TimeoutExpired:
                status = -signal.SIGXCPU
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
        if status == 0:
            return "passed"
        if status in (-signal.SIGXCPU, -signal.SIGKILL):
            return "ran out of time"
        # A program of cmocka's aborts at the first test that fails.
        return "failed" if status > 0 or status == -signal.SIGABRT else "crashed"
