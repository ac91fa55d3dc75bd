# SPDX-License-Identifier: BSD-3-Clause
"""The pictures of a report: which there are, and what each shows."""

import html
from bisect import bisect_left

from . import axes
from .figures import agreed_at, reigns
from .gnuplot import AXIS, INK, PAPER, Picture, block, colour

MOST_POINTS = 700  # of a line; more cannot be told apart
MANY = 200  # of so many round trips the slowest are left out
TIME_LABEL = "time since the start (s)"


def thinned(points):
    """Fewer points, with the least and the largest value of each stretch kept."""
    if len(points) <= MOST_POINTS:
        return points
    width = 2 * len(points) / MOST_POINTS
    out = []
    for n in range(MOST_POINTS // 2):
        part = points[int(n * width):int((n + 1) * width)]
        if part:
            low, high = min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])
            out += sorted({low, high})
    return out


def marks(recording, numbered=True):
    """Numbered lines where something was done."""
    out = ""
    for n, event in enumerate(recording.events, 1):
        out += (f"set arrow from {event.at:.3f}, graph 0 to {event.at:.3f}, graph 1 nohead "
                f"dt 3 lw 1.3 lc rgb \"{AXIS}\"\n")
        if numbered:
            out += (f"set label \"{n}\" at {event.at:.3f}, graph 0.96 left offset 0.4,0 "
                    f"textcolor rgb \"{INK}\"\n")
    return out


def ticks(axis):
    """gnuplot's command for the ticks of an axis of values."""
    return f"set ytics {axis.ticks}\n" if axis.ticks else "set ytics\n"


# --- clocks over time ---

def error_panel(recording, axis, size):
    """Commands that draw each clock's true error, with its claimed bound as a band."""
    data, plots = "", []
    for n, node in enumerate(recording.nodes):
        claimed = recording.claims.get(node, [])
        if claimed:
            rows = band(claimed, recording.times[-1], axis)
            data += block(f"band{n}", rows)
            # One entry for all: more of them would not fit above a narrow picture.
            name = "notitle" if plots else "title \"claimed bound\""
            plots.append(f"$band{n} using 1:2:3 with filledcurves lc rgb \"{colour(n)}\" {name}")
    for n, node in enumerate(recording.nodes):
        if is_the_truth(recording, node):
            continue
        points = thinned(points_of(recording, node))
        data += block(f"clock{n}", [(at, axis.place(error)) for at, error in points])
        plots.append(f"$clock{n} using 1:2 with lines lw {1.6 if size.narrow else 2} "
                     f"lc rgb \"{colour(n)}\" title \"{node}\"")
    return (data + ticks(axis) + f"set ylabel \"{axis.label('ahead of the true time')}\"\n"
            "plot " + ", ".join(plots) + "\n")


def is_the_truth(recording, node):
    """Whether a clock never differs from the true time, so that there is nothing to draw."""
    def still(name):
        return max(map(abs, recording.errors[name])) < 1e-6
    return still(node) and not all(map(still, recording.nodes))


def points_of(recording, node):
    """The errors of a clock at all samples, and on both sides of each jump."""
    points = list(zip(recording.times, recording.errors[node]))
    for a in recording.adjustments:
        if a.node == node and a.stepped:
            points += [(a.at, a.before), (a.at + 1e-6, a.after)]
    return sorted(points)


def band(claimed, end, axis):
    """Time, lower and upper edge: a claim holds until the next one."""
    rows = []
    for (at, bound), until in zip(claimed, [c[0] for c in claimed[1:]] + [end]):
        rows += [(at, axis.place(-bound), axis.place(bound)),
                 (until, axis.place(-bound), axis.place(bound))]
    return rows


def spans(history, end):
    """(from, to, state, leader, term) of a member."""
    for (at, state, leader, term), until in zip(history, [h[0] for h in history[1:]] + [end]):
        if until > at:
            yield at, until, state, leader, term


def strip_panel(recording, size):
    """Commands that draw each member's leader, and the terms."""
    nodes = [n for n in recording.nodes if n in recording.histories]
    end, rows, out = recording.times[-1], [], ""
    for row, node in enumerate(reversed(nodes)):
        for at, until, state, leader, _ in spans(recording.histories[node], end):
            if state not in ("running", "frozen"):
                continue
            half = 0.38 if leader == node else 0.22 if state == "running" else 0.06
            shade = colour(recording.nodes.index(leader)) if leader else AXIS
            if state == "frozen" or not leader:
                shade, half = AXIS, 0.06
            rows.append((at, row, at, until, row - half, row + half, int(shade[1:], 16)))
    for node, at, until, term in reigns(recording, end):
        if until - at > end * (0.16 if size.narrow else 0.07):
            row = len(nodes) - 1 - nodes.index(node)
            out += (f"set label \"term {term}\" at {at + end * 0.008:.3f},{row} left front "
                    f"textcolor rgb \"{PAPER}\"\n")
    names = ", ".join(f"\"{node}\" {row}" for row, node in enumerate(reversed(nodes)))
    return (block("strip", rows or [(0, 0, 0, 0, 0, 0, 0)]) + out +
            f"set ytics ({names})\nset yrange [-0.7:{len(nodes) - 0.3}]\nset ylabel \"follows\"\n"
            "set style fill solid 1.0 noborder\nunset key\n"
            "plot $strip using 1:2:3:4:5:6:7 with boxxyerror lc rgb variable notitle\n")


def clocks_script(recording, size):
    """The whole picture of the clocks: errors above, leaders below."""
    values = [e for node in recording.nodes for e in recording.errors[node]]
    axis = axes.for_errors(values, 9 if size.narrow else 13)
    grouped = bool(recording.histories)
    left, right = (0.2, 0.97) if size.narrow else (0.12, 0.98)
    nodes = len(recording.histories)
    low = (0.12 + 0.045 * nodes + 0.05) if grouped else 0.14
    head = (f"set multiplot\nset lmargin at screen {left}\nset rmargin at screen {right}\n"
            f"set xrange [0:{recording.times[-1]:.3f}]\n{marks(recording)}"
            f"set tmargin at screen {0.84 if size.narrow else 0.88}\n"
            f"set bmargin at screen {low}\n")
    if not grouped:
        return head + f"set xlabel \"{TIME_LABEL}\"\n{error_panel(recording, axis, size)}" \
            "unset multiplot\n"
    return (head + "set format x \"\"\n" + error_panel(recording, axis, size) +
            f"unset label\nset format x\nset xlabel \"{TIME_LABEL}\"\n"
            f"set tmargin at screen {low - 0.04}\nset bmargin at screen 0.12\n"
            + strip_panel(recording, size) + "unset multiplot\n")


def event_list(recording):
    """The numbers in the pictures, explained."""
    items = "; ".join(f"{n} at {e.at:.1f} s: {e.what}" for n, e in enumerate(recording.events, 1))
    return f" Dotted lines: {items}." if items else ""


def clocks(recording):
    """The true error of every clock, and who leads."""
    caption = "By how much each clock is ahead of the true time, which is the machine's own clock."
    if recording.claims:
        caption += " The band is the error that the clock's own program claims as its bound."
    if recording.histories:
        caption += (" Below: a bar has the colour of the leader that the member follows, and the "
                    "leader's own is thick; a thin grey one means no leader, or frozen; none means "
                    "not running.")
    return Picture("clocks", "True error of every clock", "true error of every clock over time",
                   caption + event_list(recording),
                   lambda size: clocks_script(recording, size),
                   height=560 if recording.histories else 400)


def differences(recording, nodes):
    """Each clock's difference from the median of them, at each sample."""
    columns = [recording.errors[n] for n in nodes]
    middle = [sorted(row)[len(row) // 2] for row in zip(*columns)]
    return {n: [e - m for e, m in zip(recording.errors[n], middle)] for n in nodes}


def differences_script(recording, nodes, start, size):
    """The clocks against each other from a time on, so that small differences are seen."""
    first = bisect_left(recording.times, start)
    found = {n: values[first:] for n, values in differences(recording, nodes).items()}
    axis = axes.for_errors([v for values in found.values() for v in values],
                           9 if size.narrow else 13)
    data, plots = "", []
    for node, values in found.items():
        n = recording.nodes.index(node)
        points = thinned(list(zip(recording.times[first:], values)))
        data += block(f"clock{n}", [(at, axis.place(v)) for at, v in points])
        plots.append(f"$clock{n} using 1:2 with lines lw {1.6 if size.narrow else 2} "
                     f"lc rgb \"{colour(n)}\" title \"{node}\"")
    return (f"{data}{marks(recording)}set xrange [{start:.3f}:{recording.times[-1]:.3f}]\n{ticks(axis)}"
            f"set xlabel \"{TIME_LABEL}\"\nset ylabel \"{axis.label('ahead of the median')}\"\n"
            "plot " + ", ".join(plots) + "\n")


def apart(recording, scenario):
    """Each clock against the median of them."""
    nodes = [n.name for n in scenario.named("member")]
    start = agreed_at(recording, scenario)
    where = "" if start is None else " It begins when they agree for the first time."
    return Picture("apart", "Each clock against the others", "clocks against their median",
                   "By how much each clock is ahead of the median of the members' clocks: how they "
                   "agree, and run apart when nobody corrects them." + where
                   + event_list(recording),
                   lambda size: differences_script(recording, nodes, start or 0.0, size), height=400)


def spread_script(recording, scenario, nodes, size):
    """How far the clocks are apart, logarithmic."""
    spread = recording.spread_of(nodes)
    axis = axes.Log([*spread, scenario.group.converged], 7 if size.narrow else 10)
    points = thinned(list(zip(recording.times, spread)))
    data = block("spread", [(at, axis.place(s)) for at, s in points])
    threshold = axis.place(scenario.group.converged)
    return (f"{data}{marks(recording)}set xrange [0:{recording.times[-1]:.3f}]\n{ticks(axis)}"
            f"set xlabel \"{TIME_LABEL}\"\nset ylabel \"{axis.label('largest difference')}\"\n"
            f"plot $spread using 1:2 with lines lw 2 lc rgb \"{colour(0)}\" "
            f"title \"largest difference of two clocks\", {threshold:.6f} with lines dt 2 lw 1.5 "
            f"lc rgb \"{colour(1)}\" title \"counts as agreed\"\n")


def spread(recording, scenario):
    """How far the members' clocks are apart."""
    nodes = [n.name for n in scenario.named("member") if not n.absent]
    return Picture("spread", "How far the clocks are apart", "largest difference of the clocks",
                   "The largest difference between the clocks of two members."
                   + event_list(recording),
                   lambda size: spread_script(recording, scenario, nodes, size), height=330)


# --- measurements ---

def series_of(recording, kind, key):
    """{series: values that are there}, in order."""
    found = {}
    for v in recording.values:
        if v.kind == kind and getattr(v, key) is not None:
            found.setdefault(v.series, []).append(v)
    return found


def shade(recording, series):
    """The colour of a series, the same in all pictures."""
    return colour(list(recording.rounds).index(series))


def bins(values, low, high, n):
    """The share in percent of each of n bins, as steps: (left edge, share); the last is 0."""
    width = (high - low) / n
    counts = [0] * n
    for v in values:
        counts[min(n - 1, max(0, int((v - low) / width)))] += 1
    return [(low + i * width, 100 * c / len(values)) for i, c in enumerate(counts)] + [(high, 0)]


def distribution_script(recording, found, size):
    """How often each round trip was seen."""
    ordered = sorted(v.rtt for values in found.values() for v in values)
    top = ordered[int(len(ordered) * 0.995) - 1] if len(ordered) > MANY else ordered[-1]
    wide = top > 20 * ordered[0]
    axis = axes.Log(ordered, 5 if size.narrow else 8) if wide else axes.Linear([top])
    low, high = axis.place(ordered[0]), axis.place(top)
    high = high if high > low else low + 1
    data, plots = "", []
    for n, (name, values) in enumerate(found.items()):
        places = [axis.place(v.rtt) for v in values if v.rtt <= top]
        data += block(f"bins{n}", bins(places or [low], low, high, 30 if size.narrow else 60))
        ink = shade(recording, name)
        plots += [f"$bins{n} using 1:2 with fillsteps lc rgb \"{ink}\" notitle",
                  f"$bins{n} using 1:2 with steps lw 2 lc rgb \"{ink}\" title \"{name}\""]
    tics = f"set xtics {axis.ticks}\n" if axis.ticks else ""
    return (f"{data}{tics}set xrange [{low}:{high}]\nset yrange [0:*]\n"
            f"set xlabel \"{axis.label('round trip')}\"\nset ylabel \"share of the rounds (%)\"\n"
            "plot " + ", ".join(plots) + "\n")


def distribution(recording):
    """The distribution of round trips."""
    found = series_of(recording, "round", "rtt")
    many = sum(map(len, found.values())) > MANY
    return Picture("distribution", "How long round trips take", "distribution of round trips",
                   "How many of all rounds took how long."
                   + (" The slowest of 200 is left out." if many else ""),
                   lambda size: distribution_script(recording, found, size), height=340)


def scatter_script(recording, found, size):
    """Error against delay, within the wedge that the theory allows."""
    chosen = {name: values[:: max(1, len(values) // 600)] for name, values in found.items()}
    every = [v for values in chosen.values() for v in values]
    across, up = axes.Linear([v.delay for v in every]), axes.Linear([v.error for v in every])
    right = across.place(max(v.delay for v in every)) * 1.05 or 1
    slope = across.factor / up.factor / 2
    data, plots = block("wedge", [(0.0, 0.0, 0.0), (right, -right * slope, right * slope)]), [
        f"$wedge using 1:2:3 with filledcurves lc rgb \"{AXIS}\" title \"|error| ≤ delay/2\""]
    for n, (name, values) in enumerate(chosen.items()):
        data += block(f"rounds{n}", [(across.place(v.delay), up.place(v.error)) for v in values])
        plots.append(f"$rounds{n} using 1:2 with points pt 7 ps {0.3 if size.narrow else 0.4} "
                     f"lc rgb \"{shade(recording, name)}\" title \"{name}\"")
    return (f"{data}set xrange [0:{right}]\nset xlabel \"{across.label('delay of the round')}\"\n"
            f"set ylabel \"{up.label('error of its offset')}\"\nplot " + ", ".join(plots) + "\n")


def scatter(recording):
    """Offset against delay."""
    found = {name: [v for v in values if v.delay is not None]
             for name, values in series_of(recording, "round", "error").items()}
    return Picture("scatter", "Error of each round against its delay", "offset against delay",
                   "Each point is one round: the longer it took, the more its offset can be "
                   "wrong, but never by more than half of its delay.",
                   lambda size: scatter_script(recording, found, size), height=400)


def results_script(recording, groups, size):
    """Errors in columns, one for each method or series, with their bounds."""
    every = [x for values in groups.values() for v in values for x in (v.error, v.bound, -v.bound)]
    axis = axes.for_errors(every, 9 if size.narrow else 13)
    by_series = len({values[0].series for values in groups.values()}) == len(groups)
    data, plots, names = "", [], []
    for n, (name, values) in enumerate(groups.items()):
        step = 0.6 / max(1, len(values) - 1)
        rows = [(n - 0.3 + i * step if len(values) > 1 else float(n), axis.place(v.error),
                 axis.place(-v.bound), axis.place(v.bound)) for i, v in enumerate(values)]
        data += block(f"column{n}", rows)
        names.append(f"\"{name}\" {n}")
        ink = shade(recording, values[0].series) if by_series else colour(n)
        plots += [f"$column{n} using 1:3:4 with filledcurves lc rgb \"{ink}\" notitle",
                  f"$column{n} using 1:2 with points pt 7 ps {0.35 if size.narrow else 0.5} "
                  f"lc rgb \"{ink}\" notitle"]
    turn = " rotate by 30 right" if size.narrow and len(groups) > 3 else ""
    return (f"{data}{ticks(axis)}set xtics ({', '.join(names)}){turn}\nset grid noxtics\n"
            f"set xrange [-0.5:{len(groups) - 0.5}]\nset ylabel \"{axis.label('error')}\"\n"
            f"set xzeroaxis lc rgb \"{AXIS}\" lw 1\nplot " + ", ".join(plots) + "\n")


def results(recording):
    """The errors of results, and their bounds."""
    groups = {}
    found = [v for v in recording.values
             if v.kind == "result" and v.error is not None and v.bound is not None]
    several = len({v.series for v in found}) > 1
    for v in found:
        methods = {w.method for w in found if w.series == v.series}
        name = v.series if len(methods) == 1 else f"{v.series} {v.method}" if several else v.method
        groups.setdefault(name, []).append(v)
    groups = {name: values[:: max(1, len(values) // 150)] for name, values in groups.items()}
    return Picture("results", "Error of each result, and its bound", "errors of results",
                   "Each point is the true error of one result, in the order of measurement from "
                   "left to right; the band is what it claims as the largest possible error.",
                   lambda size: results_script(recording, groups, size), height=380)


def commits_script(recording, found, size):
    """By how much the second stamp is later: with commit wait, and by reading the clocks."""
    axis = axes.Linear([x for v in found for x in (v.offset, v.error)])
    data, plots = "", []
    for n, (key, words) in enumerate((("error", "clocks read one after the other"),
                                      ("offset", "stamps with commit wait"))):
        data += block(f"commits{n}", [(v.at, axis.place(getattr(v, key))) for v in found])
        plots.append(f"$commits{n} using 1:2 with points pt {(6, 7)[n]} ps "
                     f"{0.4 if size.narrow else 0.6} lc rgb \"{colour(1 - n)}\" title \"{words}\"")
    return (f"{data}{marks(recording)}set xrange [0:{recording.times[-1]:.3f}]\n"
            f"set xlabel \"{TIME_LABEL}\"\nset ylabel \"{axis.label('second after first')}\"\n"
            f"set xzeroaxis lc rgb \"{AXIS}\" lw 1\nplot " + ", ".join(plots) + "\n")


def commits(recording):
    """The order of stamps."""
    found = [v for v in recording.values if v.kind.endswith("commit")]
    return Picture("commits", "By how much the second stamp is later", "order of stamps",
                   "Each point is a pair of transactions; the second began when the first had ended. "
                   "Below 0 their stamps are in the wrong order."
                   + event_list(recording),
                   lambda size: commits_script(recording, found, size), height=340)


def all_of(recording, scenario):
    """The pictures that a recording has something to show in."""
    pictures = []
    moving = scenario.group or recording.claims or recording.adjustments
    if moving:
        pictures.append(clocks(recording))
    if len([n for n in scenario.named("member") if not n.absent]) > 1:
        pictures += [apart(recording, scenario), spread(recording, scenario)]
    if series_of(recording, "round", "rtt"):
        pictures.append(distribution(recording))
    if series_of(recording, "round", "error"):
        pictures.append(scatter(recording))
    if any(v.kind == "result" and v.error is not None for v in recording.values):
        pictures.append(results(recording))
    if any(v.kind.endswith("commit") for v in recording.values):
        pictures.append(commits(recording))
    if not pictures:
        pictures.append(clocks(recording))
    for picture in pictures:
        picture.alt = html.escape(picture.alt, quote=True)
    return pictures
