# SPDX-License-Identifier: BSD-3-Clause
"""report.html: one file with everything that an experiment has shown."""

import html
import os
import platform
import time
from pathlib import Path

from . import gnuplot, units
from .figures import allowed

SHARES = ("share", "within_bound", "held", "ordered", "past")
COUNTS = ("sent", "lost", "failed", "results")
SINCE_SERVING = ("leader.first", "converged", "converged.last")


def e(text):
    """Text in HTML."""
    return html.escape(str(text))


def paragraphs(text):
    """Paragraphs, separated by empty lines."""
    return "".join(f"<p>{e(' '.join(part.split()))}</p>" for part in text.split("\n\n") if part)


def is_time(name):
    """Whether a figure is an amount of time, as most are."""
    parts = name.split(".")
    if parts[-1] in (*SHARES, "n", "at_once", "of_a_term", "rate"):
        return False
    if parts[0] in ("steps", "adjustments", "corrections"):
        return parts[-1] == "largest"
    return not (name in ("messages", "messages.dropped", "leaders") or parts[-1] in COUNTS
                or name == "term.last")


def figure(name, value):
    """A figure for people."""
    if value is None:
        return "never"
    if name in SINCE_SERVING and value == 0:
        return "at once"
    if name == "messages.rate":
        return f"{value:.0f} per second"
    if is_time(name):
        return units.text(value)
    if name.endswith(SHARES):
        return f"{100 * value:.4g} %"
    return f"{value:,.6g}".replace(",", " ")


def seen(verdict):
    """The value of the figure that a limit names, for people."""
    if verdict.missing:
        return f"there is no figure '{verdict.missing}'{verdict.hint}"
    return figure(verdict.limit.figure, verdict.value)


def table(head, rows, kind="", long=()):
    """A table that scrolls by itself when it is wider than the page."""
    def cell(column, value):
        return f"<td class=\"long\">{e(value)}</td>" if column in long else f"<td>{e(value)}</td>"
    body = "".join("<tr>" + "".join(cell(i, v) for i, v in enumerate(row)) + "</tr>"
                   for row in rows)
    left = " class=\"left\""
    return (f"<div class=\"wide-table\" tabindex=\"0\"><table class=\"{kind}\"><thead><tr>"
            + "".join(f"<th scope=\"col\"{left if i in long else ''}>{e(h)}</th>"
                      for i, h in enumerate(head))
            + f"</tr></thead><tbody>{body}</tbody></table></div>")


def verdict_table(verdicts):
    """Each limit, and whether it was kept."""
    rows = []
    for v in verdicts:
        rows.append(f"<tr><td><code>{e(v.limit.figure)}</code></td>"
                    f"<td data-head=\"seen\">{e(seen(v))}</td>"
                    f"<td data-head=\"allowed\">{e(allowed(v.limit, figure))}</td>"
                    f"<td data-head=\"kept\" class=\"{'ok' if v.ok else 'no'}\">"
                    f"{'yes' if v.ok else 'NO'}</td>"
                    f"<td data-head=\"because\" class=\"long\">{e(v.limit.because)}</td></tr>")
    return ("<div class=\"wide-table\" tabindex=\"0\"><table class=\"stacked\"><thead><tr><th>figure</th>"
            "<th>seen</th><th>allowed</th><th>kept</th><th class=\"left\">because</th></tr></thead>"
            "<tbody>"
            + "".join(rows) + "</tbody></table></div>")


def verdict_line(verdicts):
    """In one line whether all limits were kept."""
    if not verdicts:
        return ""
    failed = [v for v in verdicts if not v.ok]
    if failed:
        return (f"<p><span class=\"verdict no\">{len(failed)} of {len(verdicts)} limits not kept"
                "</span></p>")
    return f"<p><span class=\"verdict ok\">all {len(verdicts)} limits kept</span></p>"


def clock_table(figures):
    """The clocks against the truth."""
    return table(
        ("clock", "at the start", "at the end", "mean |error|", "standard deviation", "median",
         "90 %", "largest", "adjusted", "stepped"),
        [(name, units.text(first, True), units.text(last, True), units.text(s["mean"]),
          units.text(s["sd"]), units.text(s["p50"]), units.text(s["p90"]), units.text(s["max"]),
          adjusted, steps) for name, s, first, last, adjusted, steps in figures.clocks])


def series_table(figures):
    """The measurements."""
    return table(
        ("series", "what", "n", "mean", "standard deviation", "least", "median", "90 %", "99 %",
         "largest"),
        [(name, what, s["n"], *(units.text(s[k]) for k in
                                ("mean", "sd", "min", "p50", "p90", "p99", "max")))
         for name, what, s in figures.series], long=(1,))


GROUP_ROWS = (
    ("leader.first", "First leader, after all members served"),
    ("converged", "Clocks agreed, after all members served"),
    ("converged.last", "Clocks agreed for good after"),
    ("spread.start", "Largest difference at the start"),
    ("spread.end", "Largest difference at the end"),
    ("leaders.at_once", "Leaders at the same time, at most"),
    ("leader.longest_gap", "Longest time without a leader"),
    ("steps", "Steps of clocks"),
    ("corrections.minority", "Corrections of a side without a majority"),
    ("messages", "Datagrams through the relays"), ("messages.rate", "Datagrams through the relays, on average"),
    ("messages.dropped", "Datagrams dropped by the relays"))


def group_table(figures):
    """The group as a whole, and its messages."""
    rows = [(text, figure(name, figures.by_name[name])) for name, text in GROUP_ROWS
            if name in figures.by_name]
    rows += list(figures.counts.items())
    return table(("figure", "seen"), rows, "words", long=(1,))


def event_table(recording):
    """The events, with their times."""
    return table(("", "planned at", "done at", "what"),
                 [(n, f"{v.planned:.3f} s", f"{v.at:.3f} s", v.what)
                  for n, v in enumerate(recording.events, 1)], "words", long=(3,))


def figures_html(pictures):
    """The pictures, wide and narrow."""
    out = []
    for p in pictures:
        out.append(f"<figure id=\"{p.name}\"><h3>{e(p.title)}</h3>"
                   f"<div class=\"wide\">{p.svg['wide']}</div>"
                   f"<div class=\"narrow\">{p.svg['narrow']}</div>"
                   f"<figcaption>{e(p.caption)}</figcaption></figure>")
    return "".join(out)


def accuracy(recording):
    """The relays' own error, which is part of every delay."""
    m = recording.messages
    if not m.get("sent"):
        return ""
    return (f"<p>Delays are made by relays, which sent their {m['sent']} datagrams "
            f"{e(units.text(m['late_mean']))} late on average and {e(units.text(m['late_most']))} "
            "at most. That is the error of the delays, and part of every round trip.</p>")


def pandas(scenario):
    """How to read the data."""
    code = ("import pandas as pd\n"
            "pd.read_csv(\"samples.csv\").plot(x=\"time_s\", y=["
            + ", ".join(f"\"{n.name}_error_s\"" for n in scenario.nodes) + "])")
    return ("<h2>The data</h2><p><code>samples.csv</code> has a row for each sample and a column "
            "for each clock: by how many seconds it is ahead of the true time. A spreadsheet opens "
            f"it, and so does pandas:</p><pre><code>{e(code)}</code></pre><p>"
            "<code>events.csv</code> has the events; <code>adjustments.csv</code> and "
            "<code>measurements.csv</code>, where there are any, each adjustment of a clock and "
            "each measurement. Each picture is there as SVG, PNG and PDF.</p>")


def write(path, scenario, recording, figures, verdicts, pictures, no_pictures):
    """Write the report."""
    style = "".join((Path(__file__).parent / name).read_text(encoding="utf-8")
                    for name in ("colours.css", "style.css"))
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(recording.wall[0] / 1e9))
    head = (f"{scenario.path.name}, seed {scenario.seed}, {recording.times[-1]:.0f} s from "
            f"{started}, {len(scenario.nodes)} nodes, on {platform.system()} "
            f"{platform.release()} with {os.cpu_count()} processors")
    parts = [
        f"<h1>{e(scenario.title)}</h1>",
        f"<div class=\"question\">{paragraphs(scenario.question)}</div>",
        f"<p class=\"meta\">{e(head)}</p>", verdict_line(verdicts),
        *(f"<p class=\"no\">{e(note)}</p>" for note in recording.notes)]
    if scenario.look:
        parts.append(f"<h2>What you see</h2>{paragraphs(scenario.look)}")
    parts.append("<h2>Pictures</h2>")
    parts.append(figures_html(pictures) if not no_pictures else
                 f"<p class=\"no\">{e(no_pictures)}</p>")
    parts.append("<h2>Figures</h2>")
    if scenario.group:
        parts.append(group_table(figures))
    if scenario.group or recording.claims or recording.adjustments:
        parts.append(clock_table(figures))
    if figures.series:
        parts.append(series_table(figures))
    parts.append(accuracy(recording))
    if verdicts:
        parts.append("<h2>Limits</h2><p>The figures of this experiment must lie within these "
                     f"limits.</p>{verdict_table(verdicts)}")
    if recording.events:
        parts.append(f"<h2>Events</h2>{event_table(recording)}")
    if scenario.explain:
        parts.append(f"<h2>To explain</h2>{paragraphs(scenario.explain)}")
    parts.append(pandas(scenario))
    parts.append("<h2>The scenario</h2><details><summary>The file that describes this experiment"
                 f"</summary><pre><code>{e(scenario.source)}</code></pre></details>")
    path.write_text(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        f"<title>{e(scenario.title)}</title><style>{style}</style></head><body><main>"
        + "\n".join(parts) + "</main></body></html>\n", encoding="utf-8")


def draw(pictures, directory):
    """Draw all pictures. None, or why there are none."""
    if not gnuplot.available():
        return gnuplot.MISSING
    gnuplot.make(pictures, directory)
    return None
