# SPDX-License-Identifier: BSD-3-Clause
"""Points: the checks and their results, a teacher's own weights, and the printed sheet."""

import json
import textwrap
import tomllib
from dataclasses import dataclass
from xml.etree import ElementTree

from .mistakes import MISTAKES
from .table import Bad, Table, text, whole

RIGHT, WRONG, BLOCKED, UNJUDGED = "right", "wrong", "blocked", "unjudged"
WIDTH = 80
POINTS_MOST = 1000


class Wrong(Exception):
    """What a check has found: a mistake, and the reason in words."""

    def __init__(self, mistake, reason):
        super().__init__(reason)
        assert mistake in MISTAKES
        self.mistake = mistake


class Unjudged(Exception):
    """Why something cannot be judged here."""


@dataclass(frozen=True)
class Check:
    """A check. `needs`: checks that must be right, or this one would say nothing."""

    name: str
    points: int
    title: str
    needs: tuple = ()


@dataclass(frozen=True)
class Verdict:
    """How a check went."""

    check: Check
    state: str
    reason: str
    points: int
    mistake: str | None = None


@dataclass(frozen=True)
class Rubric:
    """A teacher's weights, and the points from which on it is passed (default: all)."""

    title: str | None = None
    weights: dict | None = None
    passed: int | None = None

    def weigh(self, check):
        """The points of a check."""
        return (self.weights or {}).get(check.name, check.points)


def load_rubric(path, checks):
    """Read a rubric for these checks."""
    try:
        with open(path, "rb") as file:
            table = Table(path, tomllib.load(file))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Bad(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    title = table.take("title", text, None)
    passed = table.take("pass", whole(0, POINTS_MOST), None)
    points = Table(f"{path}: [points]", table.take("points", lambda value: value, {}))
    table.finish()
    weights = {c.name: points.take(c.name, whole(0, POINTS_MOST), c.points) for c in checks}
    points.finish()
    return Rubric(title, weights, passed)


def judge(checks, functions, rubric, subject):
    """The verdicts. Each function gets the subject and returns why it is right, or raises."""
    states, verdicts = {}, []
    for check in checks:
        missing = [name for name in check.needs if states[name] != RIGHT]
        mistake = None
        if any(states[name] == UNJUDGED for name in missing):
            state, reason = UNJUDGED, f"goes with '{missing[0]}'"
        elif missing:
            state, reason = BLOCKED, f"cannot be judged before '{missing[0]}' is right"
        else:
            try:
                state, reason = RIGHT, functions[check.name](subject)
            except Wrong as wrong:
                state, reason, mistake = WRONG, str(wrong), wrong.mistake
            except Unjudged as why:
                state, reason = UNJUDGED, str(why)
        states[check.name] = state
        verdicts.append(Verdict(check, state, reason, rubric.weigh(check), mistake))
    return verdicts


class Sheet:
    """The verdicts on one program."""

    def __init__(self, kind, subject, verdicts, rubric):
        self.kind, self.subject, self.verdicts, self.rubric = kind, subject, verdicts, rubric
        self.points = sum(v.points for v in verdicts if v.state == RIGHT)
        self.most = sum(v.points for v in verdicts if v.state != UNJUDGED)
        self.unjudged = sum(v.points for v in verdicts if v.state == UNJUDGED)
        self.mistakes = list(dict.fromkeys(v.mistake for v in verdicts if v.mistake))

    @property
    def passed(self):
        """Whether the points suffice."""
        needed = self.most if self.rubric.passed is None else self.rubric.passed
        return self.points >= needed

    @staticmethod
    def _mark(verdict):
        if verdict.state == UNJUDGED:
            return f"  -/{verdict.points}"
        gained = verdict.points if verdict.state == RIGHT else 0
        return f"{gained:3}/{verdict.points}"

    def text(self):
        """For people, 80 columns wide."""
        lines = [self.rubric.title] if self.rubric.title else []
        lines += [f"{self.kind}: {self.subject}", ""]
        for v in self.verdicts:
            head = f"{self._mark(v):8}{v.check.name:13} "
            body = v.reason
            if v.state in (WRONG, BLOCKED):
                body += f" [{v.mistake or v.state}]"
            lines += textwrap.wrap(body, WIDTH, initial_indent=head, subsequent_indent=22 * " ")
        left_out = f"; {self.unjudged} more could not be judged here" if self.unjudged else ""
        lines += ["", f"points: {self.points} of {self.most}{left_out}"]
        for name in self.mistakes:
            lines += ["", *textwrap.wrap(f"{name}: {MISTAKES[name]}", WIDTH,
                                         subsequent_indent="    ")]
        return "\n".join(lines) + "\n"

    def json(self):
        """For programs, one object."""
        return json.dumps({
            "kind": self.kind, "subject": self.subject, "title": self.rubric.title,
            "points": self.points, "most": self.most, "unjudged": self.unjudged,
            "passed": self.passed,
            "checks": [{"name": v.check.name, "title": v.check.title, "state": v.state,
                        "points": v.points if v.state == RIGHT else 0, "most": v.points,
                        "reason": v.reason, "mistake": v.mistake} for v in self.verdicts],
            "mistakes": [{"name": name, "text": MISTAKES[name]} for name in self.mistakes]},
            ensure_ascii=False)

    def junit(self):
        """As JUnit XML."""
        counts = {state: sum(v.state == state for v in self.verdicts)
                  for state in (WRONG, BLOCKED, UNJUDGED)}
        suite = ElementTree.Element(
            "testsuite", name=f"timesync-lab grade: {self.kind}", tests=str(len(self.verdicts)),
            failures=str(counts[WRONG] + counts[BLOCKED]), errors="0",
            skipped=str(counts[UNJUDGED]))
        properties = ElementTree.SubElement(suite, "properties")
        for name in ("subject", "points", "most"):
            ElementTree.SubElement(properties, "property", name=name,
                                   value=str(getattr(self, name)))
        for v in self.verdicts:
            case = ElementTree.SubElement(suite, "testcase", classname=self.kind,
                                          name=f"{v.check.name}: {v.check.title}")
            if v.state in (WRONG, BLOCKED):
                ElementTree.SubElement(case, "failure", type=v.mistake or v.state, message=v.reason)
            elif v.state == UNJUDGED:
                ElementTree.SubElement(case, "skipped", message=v.reason)
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
