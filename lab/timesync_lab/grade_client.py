# SPDX-License-Identifier: BSD-3-Clause
"""Grading a client: it is run against servers that are played here, with a known path and offset,
and judged by what it prints, by the calls that arrived, and by what becomes of its clock file.
"""

import functools
import multiprocessing
import re
import socket
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from . import oncrpc as rpc
from .clockfile import ClockFile
from .grade_server import SCALES
from .graded_server import HERE
from .marks import Check, Wrong
from .played import MS, SECOND, PlayedServer, Script
from .processes import die_with_parent
from .sandbox import NotPossible, fill_in

CHECKS = (
    Check("calls", 5, "the client calls GET_TIMESTAMPS"),
    Check("units", 5, "ts1 is in nanoseconds since 1970", ("calls",)),
    Check("rounds", 5, "the client makes five rounds", ("calls",)),
    Check("get-time", 5, "the client calls GET_TIME", ("calls",)),
    Check("output", 10, "REMOTE_TIME and LOCAL_TIME are printed in milliseconds",
          ("units", "get-time")),
    Check("estimate", 15, "RTT_ESTIMATE is the mean time of a message one way",
          ("units", "rounds")),
    Check("clock", 20, "the clock file is corrected", ("units", "get-time")),
    Check("unequal", 5, "on an unequal path the error is within the bound", ("clock",)),
    Check("loss", 10, "lost packets do no harm", ("estimate",)),
    Check("late", 5, "a late reply is not taken for another one", ("loss",)),
    Check("doubled", 5, "a doubled reply is not taken for another one", ("loss",)),
    Check("stepped", 5, "a step of the clock during the measurement is noticed",
          ("rounds", "clock")),
    Check("no-server", 5, "without a server the client fails and leaves the clock alone",
          ("calls",)),
)

NEEDED = ("port", "clock")  # in the command
ROUNDS = 5
CLOCK = -3456 * MS      # the client's clock against the system clock
OFFSET = 1234 * MS      # the servers'
STEP = 7 * SECOND
YEAR = 365 * 86400 * SECOND
TOLERANCE = 12 * MS      # for what a client itself needs
LATE_MOST = 250 * MS     # that it may need to read its clock after a reply, on a busy machine
# Above these a run is repeated:
NOISE_MOST = 30 * MS     # of the replies that are played
WAITED_MOST = 100 * MS   # of the client for a processor, during its calls
SLOWER = (1, 1, 1.5, 2, 2.5, 2.5)  # so much, in a run and its repetitions, on a busy machine
LINE = r"^{} +(-?\d+(?:\.\d+)?)\s*$"
NAMES = ("REMOTE_TIME", "LOCAL_TIME", "RTT_ESTIMATE")


@dataclass
class Run:
    """One run of the client."""

    ended: object        # sandbox.Ended
    calls: list          # that arrived
    noise: int           # by how much replies left too late, at most
    scale: float         # of all times on the way and in the server
    before: object       # the line of the clock file at the start
    after: object        # and at the end
    over: int            # the system clock at the end, ns

    @functools.cached_property
    def printed(self):
        """{name: number} of the classic lines."""
        found = {name: re.search(LINE.format(name), self.ended.stdout, re.M) for name in NAMES}
        return {name: float(match[1]) for name, match in found.items() if match}

    def arrivals(self, proc):
        """The calls that arrived before the client adjusted its clock: it may measure again."""
        return [c for c in self.calls
                if c.proc == proc and c.generation == self.before.generation]

    @property
    def rounds(self):
        """The GET_TIMESTAMPS."""
        return self.arrivals(rpc.GET_TIMESTAMPS)

    @property
    def times(self):
        """The GET_TIMEs."""
        return self.arrivals(rpc.GET_TIME)

    @property
    def waited(self):
        """For how long the client waited for a processor between its calls, in ns."""
        return self.calls[-1].waited - self.calls[0].waited if self.calls else 0

    @property
    def tolerance(self):
        """What a client itself may add to the mean of half of the delays."""
        return TOLERANCE * self.scale + max(0, self.waited) / 2 / ROUNDS

    @property
    def late(self):
        """How long after the reply to GET_TIME the client read its clock, by what it has printed, in
        ns; 0 if that cannot be.
        """
        local = self.printed.get("LOCAL_TIME", 0) * MS
        found = [local - c.sent - clock for c in self.calls if c.proc == rpc.GET_TIME
                 for clock in (CLOCK, CLOCK + STEP)]
        return next((late for late in found if 0 <= late <= LATE_MOST), 0)

    @property
    def judgeable(self):
        """Whether the machine was quiet enough."""
        return self.noise <= NOISE_MOST * self.scale and self.waited <= WAITED_MOST * self.scale

    @property
    def work(self):
        """How long the server works in each round."""
        return WORK * self.scale

    @property
    def untouched(self):
        """Whether nothing has adjusted the clock file."""
        return self.after.generation == self.before.generation

    @functools.cached_property
    def residual(self):
        """How wrong the clock file ends against the server, in ns; a slew counts as done."""
        return self.after.error(self.over) + self.after.slew_remaining(self.over) - OFFSET

    @property
    def one_way(self):
        """The mean of half of the delays, of the rounds that were answered in time, in ns."""
        good = [c for c in self.rounds if c.in_time]
        return statistics.fmean(c.delay / 2 for c in good) if good else 0


class Client:
    """The client that is graded. The runs are made together, and each is looked at afterwards."""

    def __init__(self, command, limit, sandbox):
        self.command, self.limit, self.sandbox = command, limit, sandbox
        self.runs = {}

    def run(self, name):
        """Run the client once; again if the machine was too busy, and more slowly."""
        for attempt, scale in enumerate(SLOWER):
            run = self._run(f"{name}{attempt}.clock", SCRIPTS[name], scale)
            if run.judgeable:
                return run
            time.sleep(attempt / 10)
        raise NotPossible(f"the machine is too busy: in the last of {len(SLOWER)} runs a reply left "
                          f"{ms(run.noise)} late, and the client waited {ms(run.waited)} for a "
                          f"processor")

    def _run(self, name, script, scale):
        path = str(self.sandbox.directory / name)
        self.sandbox.timesync("clock", "create", path, f"--offset={CLOCK}ns")
        clock = ClockFile(path)
        step = functools.partial(self.sandbox.timesync, "clock", "adjust", f"--step={STEP}ns", path)
        server = PlayedServer(script.slower(scale), OFFSET, clock, step) if script else None
        try:
            port = server.port if server else unused_port()
            words = fill_in(self.command, {"host": HERE, "port": port, "clock": path}, NEEDED)
            before = clock.line()
            program = self.sandbox.start(words)
            if server:
                server.client = program.pid
            ended = program.wait(self.limit)
            return Run(ended, server.calls if server else [], server.noise if server else 0, scale,
                       before, clock.line(), time.time_ns())
        finally:
            if server:
                server.close()

    def run_all(self):
        """All runs, at once: a client mostly waits. Each in a process, so that none waits for
        another one's turn in this program."""
        with ProcessPoolExecutor(len(SCRIPTS), multiprocessing.get_context("fork"),
                                 die_with_parent) as pool:
            self.runs = dict(zip(SCRIPTS, pool.map(self.run, SCRIPTS)))


def unused_port():
    """A port where nothing answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        return probe.getsockname()[1]


WAYS = [(d * MS, d * MS) for d in (20, 80, 60, 100, 40)]  # there and back, in ns, again and again
WORK = 60 * MS           # of the server in each round
SCRIPTS = {
    "plain": Script(WAYS, WORK),
    "unequal": Script([(10 * MS, 60 * MS)], WORK),
    "loss": Script(WAYS, WORK, lose_calls=(1,), lose_replies=(3,)),
    "late": Script(WAYS, WORK, late=(1,)),
    "doubled": Script(WAYS, WORK, doubled=(1,)),
    "stepped": Script(WAYS, WORK, step_at=2),
    "no-server": None,
}


def ms(ns):
    """For people."""
    return f"{ns / MS:.1f} ms"


def must_end(run, mistake="hangs"):
    """It must not have been killed."""
    if run.ended.status is None:
        raise Wrong(mistake, "the client did not end in time and was killed")


# --- what it does ---


def check_calls(client):
    """Does it do anything?"""
    run = client.runs["plain"]
    if not run.rounds:
        said = run.ended.stderr.strip().splitlines()
        raise Wrong("no-call", "no GET_TIMESTAMPS has arrived" +
                    (f"; the client says: {said[-1]}" if said else ""))
    must_end(run)
    return f"{len(run.rounds)} GET_TIMESTAMPS have arrived"


def check_units(client):
    """ts1, by the client's clock or the system's."""
    run = client.runs["plain"]
    ts1 = run.rounds[0].ts1
    now = run.rounds[0].arrived
    for unit, scale in SCALES:
        if abs(ts1 * scale - now) < YEAR:
            raise Wrong(unit, f"ts1 is {ts1}: that would be in {unit}")
    if ts1 == 0:
        raise Wrong("empty", "ts1 is 0")
    if abs(ts1 - now) > YEAR:
        span = run.rounds[-1].arrived - now
        if span > 0 and 0.5 < (run.rounds[-1].ts1 - ts1) / span < 2:
            raise Wrong("monotonic", f"ts1 is {ts1}: that would be {ts1 / SECOND:.0f} s after "
                        f"1970, and looks like the time since the machine started")
        raise Wrong("not-1970", f"ts1 is {ts1}, now is {now}")
    if all(c.ts1 % SECOND == 0 for c in run.rounds):
        raise Wrong("whole-seconds", f"ts1 is {ts1}: always whole seconds")
    return "ts1 is in nanoseconds since 1970"


def check_rounds(client):
    """Five of them, each a call of its own."""
    different = len({c.xid for c in client.runs["plain"].rounds})
    if different < ROUNDS:
        raise Wrong("one-round", f"{different} rounds, not {ROUNDS}")
    return f"{different} rounds"


def check_get_time(client):
    """At least once."""
    if not client.runs["plain"].times:
        raise Wrong("no-get-time", "no GET_TIME has arrived")
    return f"{len(client.runs['plain'].times)} GET_TIME"


# --- what it prints ---


def judge_milliseconds(name, value, ns):
    """Whether a printed time is in another unit."""
    for unit, scale in (("seconds", SECOND), ("microseconds", 1000), ("nanoseconds", 1)):
        if abs(value * scale - ns) < YEAR:
            raise Wrong("not-milliseconds", f"{name} is {value:.0f}: that would be in {unit}")


def check_output(client):
    """The classic lines."""
    run = client.runs["plain"]
    missing = [name for name in NAMES if name not in run.printed]
    if missing:
        raise Wrong("no-lines", f"{' and '.join(missing)} not printed with a number")
    remote, local = run.printed["REMOTE_TIME"], run.printed["LOCAL_TIME"]
    judge_milliseconds("REMOTE_TIME", remote, run.times[0].ts3)
    judge_milliseconds("LOCAL_TIME", local, run.times[0].sent)
    if not any(abs(remote - c.ts3 / MS) <= 1.01 for c in run.times):
        raise Wrong("remote-time-wrong", f"REMOTE_TIME is {remote:.0f}, GET_TIME returned "
                    f"{run.times[0].ts3 / MS:.1f} ms")
    late = min((local * MS - c.sent - CLOCK for c in run.times), key=abs)
    if not -2 * MS <= late <= LATE_MOST:
        raise Wrong("local-time-wrong", f"LOCAL_TIME is {ms(late)} away from what the clock file "
                    f"showed when the reply came" +
                    (": it is of the system clock" if abs(late + CLOCK) < 50 * MS else ""))
    if run.ended.status != 0:
        raise Wrong("exit-status", f"the exit status is {run.ended.status}")
    return "REMOTE_TIME and LOCAL_TIME are right, and the exit status is 0"


def nearest(value, candidates, within):
    """The mistake of the candidate (mistake or None, value) that is nearest, if it is near."""
    mistake, best = min(candidates, key=lambda c: abs(value - c[1]))
    return mistake if abs(value - best) <= within else "other"


def explain_estimate(run, printed):
    """Which mistake makes this of the delays; None if it is right."""
    mean, work = run.one_way, run.work / 2
    delays = [c.delay / 2 for c in run.rounds if c.in_time]
    found = nearest(printed, (
        (None, mean), ("rtt-not-halved", 2 * mean), ("work-not-subtracted", mean + work),
        ("rtt-not-halved", 2 * (mean + work)),
        *(("average-of-one", d) for d in (delays[0], delays[-1], min(delays), max(delays)))),
        run.tolerance)
    return "estimate-wrong" if found == "other" else found


def check_estimate(client):
    """Half of the delay, on average."""
    run = client.runs["plain"]
    if "RTT_ESTIMATE" not in run.printed:
        raise Wrong("no-lines", "RTT_ESTIMATE is not printed with a number")
    printed = run.printed["RTT_ESTIMATE"] * MS
    mistake = explain_estimate(run, printed)
    if mistake:
        raise Wrong(mistake, f"RTT_ESTIMATE is {printed / MS:.0f}; the messages took "
                    f"{ms(run.one_way)} one way on average, and the server {ms(run.work)}")
    return f"RTT_ESTIMATE is {printed / MS:.0f}, the messages took {ms(run.one_way)} on average"


# --- what it does to the clock ---


def right_residuals(run):
    """How wrong the methods may leave the clock, all of them right, by the path as it was."""
    good = [c for c in run.rounds if c.in_time]
    errors = [(c.there - c.back) / 2 for c in good]
    least = (min(c.there for c in good) - min(c.back for c in good)) / 2
    return [statistics.fmean(errors), least, *errors,
            *(run.one_way - c.back - late for c in run.times for late in (0, run.late))]


def explain_residual(run):
    """Which mistake leaves the clock so wrong; None if it is right."""
    mean, back = run.one_way, (run.times[0].back if run.times else run.one_way) + run.late
    right = [(None, value) for value in right_residuals(run)]
    if run.untouched:
        return None if nearest(run.residual, right, run.tolerance) is None else "clock-untouched"
    if abs(run.residual - 2 * (CLOCK - OFFSET)) <= 4 * mean + run.work:
        return "wrong-sign"
    found = nearest(run.residual, (
        *right, ("rtt-not-halved", 2 * mean - back), ("way-back-not-added", -back),
        ("work-not-subtracted", mean + run.work / 2 - back),
        ("rtt-not-halved", 2 * (mean + run.work / 2) - back)), run.tolerance)
    printed = run.printed.get("RTT_ESTIMATE", 0) * MS
    if found == "other" and abs(run.residual - (printed - back)) <= run.tolerance:
        found = explain_estimate(run, printed)  # the clock is as wrong as the printed value
    return "clock-wrong" if found == "other" else found


def check_clock(client):
    """The server's time, to within what the rounds allow."""
    run = client.runs["plain"]
    mistake = explain_residual(run)
    if mistake:
        raise Wrong(mistake, f"the clock was {ms(OFFSET - CLOCK)} slow and "
                    + ("was not adjusted" if run.untouched else
                       f"is {ms(abs(run.residual))} {'fast' if run.residual > 0 else 'slow'} now"))
    return (f"the clock was {ms(OFFSET - CLOCK)} slow and is right to within "
            f"{ms(abs(run.residual))} now")


def check_unequal(client):
    """Within half of the delay."""
    run = client.runs["unequal"]
    must_end(run)
    bound = run.one_way + run.tolerance + run.noise + run.late
    if abs(run.residual) > bound:
        raise Wrong("clock-wrong", f"the clock is {ms(abs(run.residual))} wrong, and the rounds "
                    f"allow {ms(bound)}")
    return f"the clock is {ms(abs(run.residual))} wrong, the rounds allow {ms(bound)}"


# --- a bad network ---


def repeated(run):
    """How often a call came again: under its number, or with its ts1."""
    calls = run.rounds
    return len(calls) - min(len({c.xid for c in calls}), len({c.ts1 for c in calls}))


def estimate_of(client, name):
    """What it prints of a run that must succeed, in ns."""
    run, usual = client.runs[name], client.runs["plain"].ended.status
    must_end(run)
    if "RTT_ESTIMATE" not in run.printed or run.ended.status not in (0, usual):
        raise Wrong("gives-up", f"the client has no result (exit status {run.ended.status})")
    return run.printed["RTT_ESTIMATE"] * MS


def check_loss(client):
    """A call and a reply are lost."""
    run = client.runs["loss"]
    again = repeated(run)
    if again:
        raise Wrong("resent-as-delay", f"after a loss a call came again {again} times with the "
                    f"same number or the same ts1")
    printed = estimate_of(client, "loss")
    if printed - run.one_way > run.tolerance:
        raise Wrong("resent-as-delay", f"with two packets lost RTT_ESTIMATE is {printed / MS:.0f}; "
                    f"the messages took {ms(run.one_way)} on average")
    judge_other_reply(run, printed)
    return f"with two packets lost RTT_ESTIMATE is {printed / MS:.0f}"


def judge_other_reply(run, printed):
    """A reply that is taken for another one makes the delay too short."""
    if printed - run.one_way < -2 * MS:
        raise Wrong("other-reply-taken", f"RTT_ESTIMATE is {printed / MS:.0f}; the messages took "
                    f"{ms(run.one_way)} on average")


def check_late(client):
    """A reply comes after the next call has left."""
    run = client.runs["late"]
    printed = estimate_of(client, "late")
    judge_other_reply(run, printed)
    if printed - run.one_way > run.tolerance:
        raise Wrong("resent-as-delay", f"with a reply that came late RTT_ESTIMATE is "
                    f"{printed / MS:.0f}; the messages took {ms(run.one_way)} on average")
    return f"with a late reply RTT_ESTIMATE is {printed / MS:.0f}"


def check_doubled(client):
    """A reply comes twice."""
    run = client.runs["doubled"]
    printed = estimate_of(client, "doubled")
    judge_other_reply(run, printed)
    return f"with a doubled reply RTT_ESTIMATE is {printed / MS:.0f}"


def check_stepped(client):
    """Right in spite of it, or nothing done."""
    run = client.runs["stepped"]
    must_end(run)
    if min(abs(run.residual), abs(run.residual + run.late)) <= run.tolerance + run.noise:
        return "the clock was stepped during the measurement, and is right in the end"
    if run.after.generation == run.before.generation + 1 and run.ended.status != 0:
        return "the clock was stepped during the measurement, and the client did not adjust it"
    raise Wrong("step-not-noticed", f"the clock was stepped by {STEP // SECOND} s during the "
                f"measurement, and is {ms(abs(run.residual))} wrong in the end")


def check_no_server(client):
    """Fails, and says so."""
    run = client.runs["no-server"]
    must_end(run)
    if run.ended.status == 0:
        raise Wrong("no-server-unnoticed", "without a server the exit status is 0")
    if not run.untouched:
        raise Wrong("no-server-unnoticed", "without a server the clock was adjusted")
    return f"without a server the exit status is {run.ended.status}, and the clock is as it was"


FUNCTIONS = {
    "calls": check_calls, "units": check_units, "rounds": check_rounds, "get-time": check_get_time,
    "output": check_output, "estimate": check_estimate, "clock": check_clock,
    "unequal": check_unequal, "loss": check_loss, "late": check_late, "doubled": check_doubled,
    "stepped": check_stepped, "no-server": check_no_server}
