# SPDX-License-Identifier: BSD-3-Clause
"""Figures out of a recording: by name for limits, and grouped into tables for people."""

import math
import statistics
from bisect import bisect_right
from dataclasses import dataclass, field

from .words import did_you_mean

PERCENTILES = (50, 90, 99)
READ_WITHIN = 0.1  # s


def percentile(ordered, p):
    """Of sorted values: the smallest that at least p percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * p / 100) - 1)]


def summary(values):
    """n, mean, standard deviation, extremes and percentiles; {} of nothing."""
    if not values:
        return {}
    ordered = sorted(values)
    return {"n": len(ordered), "mean": statistics.fmean(ordered),
            "sd": statistics.stdev(ordered) if len(ordered) > 1 else 0.0, "min": ordered[0],
            **{f"p{p}": percentile(ordered, p) for p in PERCENTILES}, "max": ordered[-1]}


@dataclass
class Figures:
    """All figures: `by_name` in s, counts and shares; `rows` for the tables of the report."""

    by_name: dict = field(default_factory=dict)
    clocks: list = field(default_factory=list)    # (name, summary of |error|, start, end, n, steps)
    series: list = field(default_factory=list)    # (name, what, summary)
    counts: dict = field(default_factory=dict)    # words -> number or text


def clocks(recording, figures):
    """Of each clock: its true error and adjustments."""
    for node in recording.nodes:
        errors = recording.errors[node]
        adjusted = [a for a in recording.adjustments if a.node == node]
        steps = [a for a in adjusted if a.stepped]
        s = summary([abs(e) for e in errors])
        figures.clocks.append((node, s, errors[0], errors[-1], len(adjusted), len(steps)))
        figures.by_name.update({
            f"error.{node}.start": errors[0], f"error.{node}.end": errors[-1],
            f"error.{node}.max": s["max"], f"adjustments.{node}": len(adjusted),
            f"steps.{node}": len(steps), f"steps.{node}.largest": max(
                (abs(a.step) for a in steps), default=0.0)})
    figures.by_name["error.end.max"] = max(abs(recording.errors[n][-1]) for n in recording.nodes)
    figures.by_name["steps"] = sum(c[5] for c in figures.clocks)


def converged_at(times, spread, threshold, until):
    """The first time from which the spread stays within the threshold until a time; or None."""
    found = None
    for at, apart in zip(times, spread):
        if at > until:
            break
        if apart > threshold:
            found = None
        elif found is None:
            found = at
    return found


def agreed_at(recording, scenario):
    """When the members that were there from the beginning first agreed, if it was before anything was
    done to them; or None.
    """
    members = [n.name for n in scenario.named("member") if not n.absent]
    disturbed = min((e.at for e in recording.events), default=math.inf)
    return converged_at(recording.times, recording.spread_of(members), scenario.group.converged,
                        disturbed)


def since(at, start):
    """The time from a start on; 0 if it was before, None if never."""
    return None if at is None else max(0.0, at - start)


def agreement(recording, scenario, figures):
    """How far the members' clocks are apart, and when they agreed."""
    members = [n.name for n in scenario.named("member") if not n.absent]
    if len(members) < 2:
        return
    spread = recording.spread_of(members)
    everybody = recording.spread_of([n.name for n in scenario.named("member")])
    figures.by_name["spread.all.end"] = everybody[-1]
    threshold = scenario.group.converged
    disturbed = min((e.at for e in recording.events), default=math.inf)
    first = agreed_at(recording, scenario)
    last = converged_at(recording.times, spread, threshold, math.inf)
    figures.by_name.update({
        "spread.start": spread[0], "spread.end": spread[-1], "spread.max": max(spread),
        "converged": since(first, recording.ready), "converged.last": since(last, recording.ready)})
    if first is not None:
        after = [s for t, s in zip(recording.times, spread) if first <= t <= disturbed]
        figures.by_name["spread.converged.max"] = max(after)


def reigns(recording, end):
    """(node, from, to, term) for each time that a member said that it leads, while it ran."""
    found = []
    for node, history in recording.histories.items():
        for i, (at, state, leader, term) in enumerate(history):
            until = history[i + 1][0] if i + 1 < len(history) else end
            if state == "running" and leader == node and until > at:
                if found and found[-1][0] == node and found[-1][2] == at and found[-1][3] == term:
                    found[-1] = (node, found[-1][1], until, term)
                else:
                    found.append((node, at, until, term))
    return sorted(found, key=lambda r: r[1])


def at_once(reigning):
    """How many led at the same time, at most; and of one term, at most.

    What two members say is read at times that differ: less than READ_WITHIN of both is no overlap.
    """
    most = of_term = 0
    for reign in reigning:
        start = reign[1]
        now = [r for r in reigning if r is reign or r[1] <= start < r[2] - READ_WITHIN]
        most = max(most, len(now))
        of_term = max(of_term, max(len([1 for r in now if r[3] == n[3]]) for n in now))
    return most, of_term


def overlap(reigning):
    """For how long two members said that they lead, at most, in s."""
    return max((min(a[2], b[2]) - max(a[1], b[1]) for i, a in enumerate(reigning)
                for b in reigning[i + 1:] if a[0] != b[0]), default=0.0)


def leaderless(reigning, start, end):
    """The times without a leader from the first one on: (longest, total), in s."""
    longest = total = 0.0
    covered = start
    for _, begin, until, _ in reigning:
        gap = begin - covered
        if gap > 0:
            longest, total = max(longest, gap), total + gap
        covered = max(covered, until)
    rest = max(0.0, end - covered)
    return max(longest, rest), total + rest


def leaders(recording, figures):
    """Who led, and for how long nobody did."""
    if not recording.histories:
        return
    end = recording.times[-1]
    reigning = reigns(recording, end)
    most, of_term = at_once(reigning)
    first = reigning[0][1] if reigning else None
    longest, total = leaderless(reigning, first, end) if reigning else (end, end)
    figures.by_name.update({
        "leader.first": since(first, recording.ready), "leaders.at_once": most, "leaders.of_a_term": of_term,
        "leaders.overlap": max(0.0, overlap(reigning)),
        "leaders": len(reigning), "leader.longest_gap": longest, "leader.missing": total,
        "term.last": max((r[3] for r in reigning), default=0)})
    figures.counts["Leaders, one after the other"] = " → ".join(
        f"{r[0]} (term {r[3]})" for r in reigning) or "none"


def minority(recording, scenario, figures):
    """While the network was parted: whether a side without a majority was left alone."""
    voters = [n.name for n in scenario.named("member")]
    count = seen = 0
    for i, event in enumerate(recording.events):
        if not event.what.startswith("part "):
            continue
        until = next((e.at for e in recording.events[i + 1:] if e.what == "heal"),
                     recording.times[-1])
        quiet_from = event.at + scenario.group.lease + scenario.group.cycle
        for side in event.what.removeprefix("part ").split(" | "):
            names = [n for n in side.split() if n in voters]
            if 2 * len(names) <= len(voters):
                seen += 1
                count += len([a for a in recording.adjustments if a.corrects and
                              a.node in names and quiet_from < a.at < until])
    if seen:
        figures.by_name["corrections.minority"] = count


def series(recording, figures):
    """Of each series of measurements: round trips, errors, bounds."""
    names = dict.fromkeys(v.series for v in recording.values)
    for name in names:
        mine = [v for v in recording.values if v.series == name]
        rounds = [v for v in mine if v.kind == "round"]
        add_series(figures, name, "rtt", "round trip", [v.rtt for v in rounds])
        figures.by_name.update({f"{name}.delay.{k}": v for k, v in summary(
            [v.delay for v in rounds if v.delay is not None]).items()})
        results = [v for v in mine if v.kind == "result"]
        methods = dict.fromkeys(v.method for v in results)
        for method in methods:
            part = f"{name}.{method}" if len(methods) > 1 else name
            chosen = [v for v in results if v.method == method]
            label = f" of {method}" if len(methods) > 1 else ""
            add_series(figures, part, "error", "|error|" + label,
                       [abs(v.error) for v in chosen if v.error is not None], name)
            signed = [v.error for v in chosen if v.error is not None]
            if signed:
                figures.by_name[f"{part}.error.signed"] = statistics.fmean(signed)
            add_series(figures, part, "bound", "bound" + label,
                       [v.bound for v in chosen if v.bound is not None], name)
            judged = [v for v in chosen if v.error is not None and v.bound is not None]
            if judged:
                figures.by_name[f"{part}.within_bound"] = statistics.fmean(
                    abs(v.error) <= v.bound for v in judged)


def add_series(figures, part, key, what, values, label=None):
    """One row of figures."""
    values = [v for v in values if v is not None]
    if values:
        s = summary(values)
        figures.series.append((label or part, what, s))
        figures.by_name.update({f"{part}.{key}.{k}": v for k, v in s.items()})


def commits(recording, figures):
    """Of pairs of commits: how long the first waited, and whether the stamps are in order."""
    found = [v for v in recording.values if v.kind.endswith("commit")]
    for name in dict.fromkeys(v.series for v in found):
        mine = [v for v in found if v.series == name]
        add_series(figures, name, "wait", "commit wait", [v.delay for v in mine])
        add_series(figures, name, "bound", "bound", [v.bound for v in mine])
        figures.by_name.update({
            f"{name}.ordered": statistics.fmean(v.offset > 0 for v in mine),
            f"{name}.past": statistics.fmean(v.kind == "commit" for v in mine),
            f"{name}.readings.ordered": statistics.fmean(v.error > 0 for v in mine)})


def calls(recording, figures):
    """Calls and datagrams: how many, how many lost."""
    for name, r in recording.rounds.items():
        figures.by_name[f"{name}.sent"] = r.sent
        figures.by_name[f"{name}.lost"] = r.lost
        figures.by_name[f"{name}.lost.share"] = r.lost / r.sent if r.sent else 0.0
        figures.by_name[f"{name}.failed"] = r.failed
        figures.by_name[f"{name}.results"] = len(
            [v for v in recording.values if v.series == name and v.kind != "round"])
    if recording.messages.get("received"):
        m = recording.messages
        figures.by_name.update({"messages": m["received"], "messages.dropped": m["dropped"],
                                "relay.late.mean": m["late_mean"], "relay.late.max": m["late_most"],
                                "messages.rate": m["received"] / recording.times[-1]})


def claims(recording, figures):
    """Whether clocks were within their claimed bounds, sample by sample."""
    for node, claimed in recording.claims.items():
        since_when, held = [at for at, _ in claimed], []
        for at, error in zip(recording.times, recording.errors[node]):
            last = bisect_right(since_when, at)
            if last > 0:
                held.append(abs(error) <= claimed[last - 1][1])
        if held:
            figures.by_name[f"claim.{node}.held"] = statistics.fmean(held)
            figures.by_name[f"claim.{node}.end"] = claimed[-1][1]


def work_out(recording, scenario):
    """All figures."""
    figures = Figures()
    clocks(recording, figures)
    agreement(recording, scenario, figures)
    leaders(recording, figures)
    if scenario.group:
        minority(recording, scenario, figures)
    series(recording, figures)
    commits(recording, figures)
    calls(recording, figures)
    claims(recording, figures)
    return figures


@dataclass
class Verdict:
    """A limit, the figure, whether it lies within, and the figure that this run has none of."""

    limit: object
    value: float | None
    ok: bool
    missing: str | None = None
    hint: str = ""  # which figure may have been meant


def judge_one(by_name, limit):
    """The verdict on one limit."""
    for name in (limit.figure, limit.below):
        if name and name not in by_name:
            return Verdict(limit, None, False, name, did_you_mean(name, by_name))
    value = by_name[limit.figure]
    most = min([m for m in (limit.most, by_name.get(limit.below)) if m is not None],
               default=math.inf)
    ok = value is not None and (limit.least is None or value >= limit.least) and value <= most
    return Verdict(limit, value, ok)


def judge(figures, limits):
    """The verdict on each limit. One of a figure that there is not is not kept."""
    return [judge_one(figures.by_name, limit) for limit in limits]


def allowed(limit, show):
    """What a limit allows, in words; `show` makes a figure readable."""
    parts = []
    if limit.least is not None:
        parts.append(f"at least {show(limit.figure, limit.least)}")
    if limit.most is not None:
        parts.append(f"at most {show(limit.figure, limit.most)}")
    if limit.below:
        parts.append(f"at most {limit.below}")
    return " and ".join(parts)
