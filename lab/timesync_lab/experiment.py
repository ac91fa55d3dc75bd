# SPDX-License-Identifier: BSD-3-Clause
"""Running a scenario: from the first process to the report."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import figures as figures_of
from . import pictures as pictures_of
from . import report, units
from .claims import Claims
from .commits import Committer
from .links import Refused
from .measuring import Client
from .processes import Guardian, Starter
from .recording import Done, Recording, Sampler, write_all
from .world import Failed, World


STARTS_WITHIN = 120  # s that everything may take besides the experiment itself
CLAIMS_EVERY = 0.25  # s
START = 1.5  # s that the daemons have to start; a slow machine shifts all that follows
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hold_signals():
    """Until they are taken care of, no signal interrupts the preparations: a KeyboardInterrupt at a
    fork can get lost.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def release_signals():
    """Let held signals come now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


class Interrupted(Exception):
    """Somebody wants it to end."""


class Progress:
    """A line on a terminal that says how far it is."""

    def __init__(self, scenario, quiet):
        self._scenario = scenario
        self._shown = not quiet and sys.stderr.isatty()

    def show(self, world, recording):
        """Write the line anew."""
        if not self._shown or not recording.times:
            return
        done = min(1.0, world.now() / self._scenario.duration)
        bar = "█" * int(20 * done) + "░" * (20 - int(20 * done))
        said = f"\r{bar} {world.now():5.1f} of {self._scenario.duration:.0f} s"
        if self._scenario.group:
            leader = world.leader()
            term = world.members[leader].term if leader else ""
            names = [n.name for n in self._scenario.named("member") if not n.absent]
            last = [recording.errors[n][-1] for n in names]
            said += (f"  leader {leader or 'none'}{f', term {term}' if leader else ''}"
                     f"  clocks {units.text(max(last) - min(last))} apart")
        elif recording.values:
            said += f"  {len(recording.values)} measurements"
        sys.stderr.write(f"{said[:100]}\x1b[K")
        sys.stderr.flush()

    def end(self):
        """Leave the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


async def stop(tasks):
    """Cancel tasks until they have ended."""
    for _ in range(10):
        for task in tasks:
            task.cancel()
        if not tasks or not (await asyncio.wait(tasks, timeout=1))[1]:
            return
    raise Failed("a part of the experiment does not end")


class Experiment:
    """One run of a scenario, in a directory of its own that is gone afterwards."""

    def __init__(self, scenario, directory, quiet):
        self.scenario, self.quiet = scenario, quiet
        self.starter = Starter(directory)
        self.started = time.monotonic()
        self.recording = Recording([n.name for n in scenario.nodes])
        self.world = World(scenario, self.starter, self.now)
        self.progress = Progress(scenario, quiet)
        self.claims = Claims()

    def now(self):
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def shift(self):
        """By how much everything is later than planned, as the daemons started slowly."""
        return max(0.0, self.recording.ready - START)

    async def events(self):
        """Carry out the events in their order."""
        for event in self.scenario.events:
            await asyncio.sleep(max(0, event.at + self.shift - self.now()))
            what = await self.world.carry_out(event)
            self.recording.events.append(Done(event.at, self.now(), what))

    async def watch(self):
        """Keep the progress line up to date."""
        while True:
            await asyncio.sleep(0.25)
            self.progress.show(self.world, self.recording)

    async def end(self):
        """Wait for the end of the experiment."""
        await asyncio.sleep(max(0, self.scenario.duration + self.shift - self.now()))

    async def until_the_end(self, tasks):
        """Wait for the end; an error of a task ends it at once."""
        end = asyncio.create_task(self.end())
        waiting = {end, *tasks}
        while end in waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        await stop(waiting)

    def work(self):
        """What goes on while all daemons serve: coroutines."""
        return [self.events(), self.follow_claims(),
                *(self.client(m).run() for m in self.scenario.measures)]

    def client(self, spec):
        """Who carries out a measurement."""
        if spec.verb == "commit":
            return Committer(self.world, self.recording, self.claims, spec)
        return Client(self.world, self.recording, spec)

    async def follow_claims(self):
        """Note the claimed bounds of the members' clocks; a client's tracker prints its own."""
        while True:
            for node in self.world.members.values():
                bound = self.claims.bound(node) if node.spec.role == "member" else None
                if bound is not None:
                    self.recording.claims.setdefault(node.spec.name, []).append((self.now(), bound))
            await asyncio.sleep(CLAIMS_EVERY)

    async def run(self):
        """All of it, without the report."""
        tasks = []
        try:
            await self.world.build()
            sampler = Sampler(self.world, self.recording, self.scenario.sample)
            self.started = time.monotonic()
            sampler.sample()
            tasks += [asyncio.create_task(sampler.run()), asyncio.create_task(self.watch())]
            await self.world.launch_all()
            self.recording.ready = self.now()
            tasks += [asyncio.create_task(part) for part in self.work()]
            await self.until_the_end(tasks)
            sampler.sample()
            self.recording.messages = await self.world.network.counters()
        finally:
            await stop(tasks)
            self.progress.end()
            await self.world.end()
            self.recording.histories = {
                name: node.history for name, node in self.world.members.items()
                if node.spec.role == "member"}


async def interruptible(experiment, limit):
    """Run an experiment; SIGINT, SIGTERM and SIGHUP end it in order. `limit` in s, or None."""
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    for signo in ENDING:
        loop.add_signal_handler(signo, main.cancel)
    release_signals()
    try:
        async with asyncio.timeout(limit):
            await experiment.run()
    except asyncio.CancelledError:
        raise Interrupted from None
    except TimeoutError as error:
        raise Failed(str(error) or f"the experiment did not end within {limit:g} s") from None
    finally:
        hold_signals()


def save_logs(directory, out):
    """Keep what the daemons said."""
    for log in Path(directory).glob("*.log"):
        (out / "logs").mkdir(exist_ok=True)
        (out / "logs" / log.name).write_bytes(log.read_bytes())


def conduct(experiment_of, scenario, keep, out, limit):
    """Run an experiment in a directory of its own. It, and whether it was interrupted.

    What the daemons said goes to `out`, unless that is None. Call it with signals held.
    """
    directory = tempfile.mkdtemp(prefix="timesync-lab-")
    guardian = Guardian(directory, keep)
    interrupted = False
    try:
        experiment = experiment_of(scenario, directory)
        try:
            asyncio.run(interruptible(experiment, limit))
        except Interrupted:
            interrupted = True
        except (Refused, TimeoutError, OSError) as error:
            raise Failed(str(error) or type(error).__name__) from error
    finally:
        if out:
            save_logs(directory, out)
        clean = guardian.clean_up()
        release_signals()
    if not clean:
        raise Failed("a process of the experiment could not be ended")
    return experiment, interrupted


def write_report(experiment, out, judge=True):
    """Write everything that an experiment has shown. The figures, the verdicts, and why there are
    no pictures.
    """
    recording, scenario = experiment.recording, experiment.scenario
    figures = figures_of.work_out(recording, scenario)
    write_all(recording, out)
    pictures = pictures_of.all_of(recording, scenario)
    no_pictures = report.draw(pictures, out)
    verdicts = figures_of.judge(figures, scenario.limits) if judge else []
    report.write(out / "report.html", scenario, recording, figures, verdicts, pictures,
                 no_pictures)
    return figures, verdicts, no_pictures


def perform(scenario, out, quiet, keep):
    """Run a scenario and write everything to `out`. The figures, the verdicts, and why there are no
    pictures. Interrupted, after writing what there is.
    """
    experiment, interrupted = conduct(
        lambda *args: Experiment(*args, quiet), scenario, keep, out,
        scenario.duration + STARTS_WITHIN)
    recording = experiment.recording
    if not interrupted:
        return write_report(experiment, out)
    if not recording.ready:
        raise Interrupted("interrupted before it began; everything that was started has been ended")
    recording.notes.append(f"This experiment was interrupted after {recording.times[-1]:.1f} of "
                           f"{scenario.duration:g} s. No limit was judged.")
    write_report(experiment, out, judge=False)
    raise Interrupted(f"interrupted after {recording.times[-1]:.1f} s; everything that was started "
                      f"has been ended, and {out / 'report.html'} shows what was seen until then")


def remove_if_empty(out):
    """Leave no directory behind that nothing was written to."""
    try:
        os.rmdir(out)
    except OSError:
        pass


def default_out(scenario):
    """A directory of this experiment that is not there yet."""
    base = f"{scenario.path.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    return Path(base if not os.path.exists(base) else f"{base}-{os.getpid()}")
