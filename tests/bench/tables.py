# SPDX-License-Identifier: BSD-3-Clause
"""Tables in Markdown, and figures in words."""


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) * percent // 100, len(values) - 1)]


def table(head, rows):
    """A table in Markdown whose columns line up; the first one is text, the others are figures."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def microseconds(ns):
    return f"{ns / 1000:+.2f}"


def worse(change):
    return f"{abs(change):.1%} {'worse' if change >= 0 else 'better'}"


class Targets:
    """The targets of the design, and the measurements."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, target, met, missed_by):
        self.rows.append([what, value, target, "met" if met else f"missed by {missed_by}"])

    def not_measured(self, what, why):
        self.rows.append([what, why, "-", "-"])

    def at_least(self, what, value, least):
        self.add(what, f"{value:.2f}", f">= {least:.2f}", value >= least, f"{least - value:.2f}")

    def at_most(self, what, value, most, unit=""):
        unit = f" {unit}" if unit else ""
        self.add(what, f"{value:.2f}{unit}", f"<= {most:g}{unit}", value <= most,
                 f"{value - most:.2f}{unit}")

    def text(self):
        return table(["target", "measured", "wanted", "so"], self.rows)
