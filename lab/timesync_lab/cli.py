# SPDX-License-Identifier: BSD-3-Clause
"""The command line."""

import argparse
import os
import re
import sys
import textwrap
from pathlib import Path

from . import experiment, grade, programs, report, scenario, skeleton
from .figures import allowed
from .gnuplot import NoPictures
from .processes import give_up_setting_the_clock
from .sandbox import NotPossible
from .table import Bad
from .words import did_you_mean
from .world import Failed

OK, NOT_KEPT, WRONG = 0, 1, 2


def complain(what):
    """Print a complaint."""
    print(f"timesync-lab: {what}", file=sys.stderr)


def shipped():
    """{name: path} of the scenarios that ship."""
    return {path.stem: path for path in sorted(programs.scenario_directory().glob("*.toml"))}


def find(name):
    """The file of a scenario: a path, or the name of one that ships."""
    if Path(name).is_file():
        return Path(name)
    if name in shipped():
        return shipped()[name]
    raise Bad(f"there is no scenario '{name}'{did_you_mean(name, shipped())} "
              f"(a file, or one of {', '.join(shipped())})")


def prepare(out):
    """Make the directory of a report. Whether it was not there before."""
    new = not out.exists()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Bad(f"--out {out}: is there already, and not empty: choose another directory")
    out.mkdir(parents=True, exist_ok=True)
    return new


def run(args):
    """timesync-lab run."""
    chosen = scenario.load(find(args.scenario), args.seed)
    out = Path(args.out) if args.out else experiment.default_out(chosen)
    experiment.hold_signals()
    new = prepare(out)
    try:
        figures, verdicts, no_pictures = experiment.perform(chosen, out, args.quiet, args.keep)
    finally:
        if new:
            experiment.remove_if_empty(out)
    if no_pictures:
        complain(no_pictures)
    for v in verdicts:
        if not v.ok or not args.quiet:
            print(f"{'kept    ' if v.ok else 'NOT KEPT'}  {v.limit.figure}: "
                  f"{report.seen(v)} ({allowed(v.limit, report.figure)})")
    if any(v.missing for v in verdicts) and not args.figures:
        complain("a limit names a figure that this run has not; --figures prints those that it has")
    if args.figures:
        for name, value in sorted(figures.by_name.items()):
            print(f"{name} {value}")
    print(f"report: {out / 'report.html'}")
    return OK if all(v.ok for v in verdicts) else NOT_KEPT


def live(args):
    """timesync-lab live."""
    from .live import Live  # the web server takes a while to load, and only this verb needs it

    chosen = scenario.load(find(args.scenario), args.seed)
    out = Path(args.out) if args.out else None
    experiment.hold_signals()
    new = out and prepare(out)
    try:
        conducted, _ = experiment.conduct(
            lambda *parts: Live(*parts, args.port, record=bool(out)), chosen, args.keep, out, None)
        if out and conducted.recording.ready:
            _, _, no_pictures = experiment.write_report(conducted, out, judge=False)
            if no_pictures:
                complain(no_pictures)
            print(f"report: {out / 'report.html'}")
    finally:
        if new:
            experiment.remove_if_empty(out)
    return OK


def check(args):
    """timesync-lab check."""
    for name in args.scenario:
        chosen = scenario.load(find(name))
        print(f"{chosen.path}: {len(chosen.nodes)} nodes, {len(chosen.events)} events, "
              f"{chosen.duration:g} s")
    return OK


def listing(_args):
    """timesync-lab list."""
    for name, path in shipped().items():
        chosen = scenario.load(path)
        line = f"{name:16} {chosen.duration:3.0f} s  {chosen.title}"
        # For a program it stays one line.
        print(textwrap.fill(line, 79, subsequent_indent=24 * " ") if sys.stdout.isatty() else line)
    return OK


def port(text):
    """A port of the command line."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' must be from 0 to 65535; 0 is any that is free")
    return int(text)


def echo(args):
    """timesync-lab echo: this process becomes the echo."""
    program = programs.ours("echo")
    os.execv(program, [program, "--serve", args.place])


class Parser(argparse.ArgumentParser):
    """Complains in one line, as the other programs do."""

    def error(self, message):
        """End with an error message."""
        self.exit(WRONG, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def parser():
    """The parser of the command line, and its verbs."""
    top = Parser(
        prog="timesync-lab", description="Experiments with real clocks, servers and groups on this "
        "machine, without any privilege: see timesync-lab(1).")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    one = verbs.add_parser("run", help="run a scenario and write a report")
    one.add_argument("scenario", metavar="SCENARIO", help="a file, or the name of one that ships")
    one.add_argument("--seed", type=int, metavar="N",
                     help="decides all that is random (default: the scenario's)")
    one.add_argument("--out", metavar="DIR", help="where the report goes (default: the scenario's "
                     "name and the time, here)")
    one.add_argument("--quiet", action="store_true",
                     help="no progress, and only the limits that are not kept")
    one.add_argument("--keep", action="store_true",
                     help="keep the directory in which the daemons ran")
    one.add_argument("--figures", action="store_true", help="print all figures by name")
    one.set_defaults(do=run)
    hand = verbs.add_parser("live", help="run a scenario and change it by hand, on a local web page")
    hand.add_argument("scenario", metavar="SCENARIO", nargs="?", default="partition",
                      help="a file, or the name of one that ships (default: partition)")
    hand.add_argument("--seed", type=int, metavar="N",
                      help="decides all that is random (default: the scenario's)")
    hand.add_argument("--port", type=port, metavar="N", default=0,
                      help="the page's port on 127.0.0.1 (default: any that is free)")
    hand.add_argument("--out", metavar="DIR", help="write a report of the experiment, at the end")
    hand.add_argument("--keep", action="store_true",
                      help="keep the directory in which the daemons ran")
    hand.set_defaults(do=live)
    every = verbs.add_parser("list", help="list the scenarios that ship")
    every.set_defaults(do=listing)
    look = verbs.add_parser("check", help="check scenarios without running them")
    look.add_argument("scenario", metavar="SCENARIO", nargs="+")
    look.set_defaults(do=check)
    grade.add_verb(verbs)
    skeleton.add_verb(verbs)
    plain = verbs.add_parser("echo", help="serve a plain echo, to compare round trips with")
    plain.add_argument("place", metavar="ADDR:PORT", help="where, over UDP and TCP, in numbers")
    plain.set_defaults(do=echo)
    return top, verbs


def check_words(words, verbs):
    """Complain about an unknown verb or long option, with a guess, which argparse does not make."""
    verb = words[0] if words else "-"
    if verb.startswith("-"):
        return
    if verb not in verbs:
        hint = did_you_mean(verb, verbs) or f"; it is one of {', '.join(verbs)}"
        raise Bad(f"unknown verb '{verb}'{hint} (see 'timesync-lab --help')")
    known = re.findall(r"--[a-z]+", verbs[verb].format_help())
    given = words[1:words.index("--")] if "--" in words else words[1:]
    for option in (word.partition("=")[0] for word in given if word.startswith("--")):
        if not any(one.startswith(option) for one in known):
            raise Bad(f"{verb}: unknown option '{option}'{did_you_mean(option, known)} "
                      f"(see 'timesync-lab {verb} --help')")


def main():
    """The exit status: 0; 1 if a limit was not kept or it failed; 2 if the input is wrong."""
    try:
        top, verbs = parser()
        check_words(sys.argv[1:], verbs.choices)
        args = top.parse_args()
        give_up_setting_the_clock()
        return args.do(args)
    except Bad as error:
        complain(error)
        return WRONG
    except (Failed, NotPossible, NoPictures, programs.Missing, RuntimeError, OSError) as error:
        complain(error)
        return NOT_KEPT
    except (experiment.Interrupted, KeyboardInterrupt) as interrupted:
        complain(str(interrupted) or "interrupted; everything that was started has been ended")
        return NOT_KEPT
