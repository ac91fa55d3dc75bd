# SPDX-License-Identifier: BSD-3-Clause
"""Starting processes so that none outlives the experiment, whatever becomes of it.

Three things see to that. Each process that is started gets SIGKILL when this one ends. All of them,
and those that they start in turn, carry a mark in their environment. A guardian waits for the end
of a pipe that only this process holds; then it ends all processes with the mark, frozen ones too,
and removes the directory.
"""

import asyncio
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time

MARK = "TIMESYNC_LAB_RUN"
CAP_SYS_TIME = 25
PR_SET_PDEATHSIG = 1
PRCTL = ctypes.CDLL(None, use_errno=True).prctl  # found before any fork


def can_set_clock():
    """Whether this process, or one that it starts, may set the machine's clock."""
    with open("/proc/self/status", encoding="ascii") as status:
        sets = dict(line.split(":\t") for line in status if line.startswith("Cap"))
    return any(int(sets[s], 16) >> CAP_SYS_TIME & 1 for s in ("CapEff", "CapPrm", "CapInh")) or \
        (os.geteuid() == 0 and bool(int(sets["CapBnd"], 16) >> CAP_SYS_TIME & 1))


def give_up_setting_the_clock():
    """Start this program anew without the right to set the clock, if it has that."""
    if can_set_clock():
        if os.environ.get("TIMESYNC_LAB_DROPPED"):
            raise RuntimeError("the right to set the clock could not be given up")
        os.environ["TIMESYNC_LAB_DROPPED"] = "1"
        os.execvp("setpriv", ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time", "--",
                              sys.executable, *sys.orig_argv[1:]])


def marked(mark):
    """The ids of all processes that carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/environ", "rb") as environ:
                    if wanted in environ.read().split(b"\0"):
                        yield int(entry)
            except OSError:
                pass  # it has ended, or is another user's


def end_all(mark):
    """End all processes that carry the mark. False if one is left after 5 s."""
    deadline = time.monotonic() + 5
    while pids := list(marked(mark)):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def waited_for_processor(pid):
    """For how long a process and its descendants have been ready to run, but did not, so far: ns.
    0 of those that have ended, and where the kernel does not count it.
    """
    total = 0
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            with open(f"{task.path}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[1])
            with open(f"{task.path}/children", encoding="ascii") as file:
                total += sum(map(waited_for_processor, file.read().split()))
    except (OSError, IndexError):
        pass
    return total


class Guardian:
    """A process that cleans up when this one ends, in whatever way. Start it before all others."""

    def __init__(self, directory, keep):
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writing)
            self._watch(reading, directory, keep)
        os.close(reading)

    @staticmethod
    def _watch(reading, directory, keep):
        try:
            os.setsid()
            for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(signo, signal.SIG_IGN)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.read(reading, 1)
            ok = end_all(directory)
            if not keep:
                shutil.rmtree(directory, ignore_errors=True)
            os._exit(0 if ok else 1)
        finally:
            os._exit(1)

    def clean_up(self):
        """Have it clean up now. False if a process is left."""
        os.close(self._writing)
        return os.waitpid(self._pid, 0)[1] == 0


def die_with_parent():
    """In a child before it becomes its program."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Starter:
    """Starts processes that carry the mark of this experiment."""

    def __init__(self, directory):
        self.directory = directory
        self._env = {**os.environ, MARK: directory, "LC_ALL": "C.UTF-8"}
        self._env.pop("TIMESYNC_CLOCK", None)
        self._started = []

    async def start(self, *argv, stdin=subprocess.DEVNULL):
        """A process in a session of its own, with pipes for what it prints."""
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._env,
            cwd=self.directory, start_new_session=True, preexec_fn=die_with_parent,
            limit=1 << 24)
        self._started.append(process)
        return process

    async def end(self):
        """End all processes that were started, and those that they have started."""
        end_all(self.directory)
        for process in self._started:
            await process.communicate()

    async def run(self, *argv, timeout=60):
        """Run a program to its end: (exit status, what it printed, its complaints)."""
        process = await self.start(*argv)
        try:
            async with asyncio.timeout(timeout):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            self._started.remove(process)
            return -1, "", f"{os.path.basename(argv[0])} did not end within {timeout} s"
        self._started.remove(process)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
