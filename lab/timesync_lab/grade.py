# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab grade: points for a server or a client that somebody has written."""

import shlex
import sys
from pathlib import Path

from . import grade_client, grade_server, graded_server
from .marks import Rubric, Sheet, judge, load_rubric
from .sandbox import Sandbox
from .table import Bad
from .units import duration

PASSED, NOT_PASSED = 0, 1


def add_verb(verbs):
    """Its options."""
    one = verbs.add_parser("grade", help="grade a server or a client of your own")
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("--server", metavar="HOST[:PORT]", help="grade a running server; without PORT "
                      "ask rpcbind")
    what.add_argument("--command", metavar="COMMAND", help="start this server, and end it: {port} "
                      "stands for a free port")
    what.add_argument("--client", metavar="COMMAND", help="run this client: {host}, {port} and "
                      "{clock} stand for the server and the clock file")
    one.add_argument("--stop", metavar="COMMAND", help="run this to end the server of --server")
    one.add_argument("--rubric", metavar="FILE", help="read the points of each check from this TOML file")
    one.add_argument("--timeout", metavar="DUR", help="how long to wait for an answer of a server "
                     "(default: 2s), or for the end of a client (default: 60s)")
    one.add_argument("--json", action="store_true", help="print a JSON object")
    one.add_argument("--junit", metavar="FILE", help="write JUnit XML too")
    one.set_defaults(do=grade)


def host_and_port(text):
    """("host", port or None) of HOST, HOST:PORT, [IPV6]:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or text.count(":") > 1 and not text.startswith("["):
        return text.strip("[]"), None
    if not port.isdecimal() or not 0 < int(port) < 65536 or not host:
        raise Bad(f"--server {text}: must be HOST, HOST:PORT or [IPV6]:PORT")
    return host.strip("[]"), int(port)


def seconds(text, default):
    """The value of --timeout."""
    if text is None:
        return default
    try:
        value = duration(text)
    except ValueError as error:
        raise Bad(f"--timeout {text}: {error}") from None
    if not 0.01 <= value <= 600:
        raise Bad(f"--timeout {text}: must be from 10ms to 10min")
    return value


def grade_a_server(args, rubric, sandbox):
    """The sheet of a server."""
    timeout = seconds(args.timeout, 2.0)
    if args.command:
        server = graded_server.start(args.command, timeout, sandbox)
    else:
        server = graded_server.find(*host_and_port(args.server), timeout, sandbox)
        server.stop = shlex.split(args.stop) if args.stop else None
    verdicts = judge(grade_server.CHECKS, grade_server.FUNCTIONS, rubric, server)
    return Sheet("server", args.command or args.server, verdicts, rubric)


def grade_a_client(args, rubric, sandbox):
    """The sheet of a client."""
    client = grade_client.Client(args.client, seconds(args.timeout, 60.0), sandbox)
    client.run_all()
    verdicts = judge(grade_client.CHECKS, grade_client.FUNCTIONS, rubric, client)
    return Sheet("client", args.client, verdicts, rubric)


def grade(args):
    """timesync-lab grade."""
    if args.stop and not args.server:
        raise Bad("--stop: goes with --server only; --command ends the server by itself")
    checks = grade_client.CHECKS if args.client else grade_server.CHECKS
    rubric = load_rubric(args.rubric, checks) if args.rubric else Rubric()
    with Sandbox() as sandbox:
        sheet = (grade_a_client if args.client else grade_a_server)(args, rubric, sandbox)
    if args.junit:
        Path(args.junit).write_text(sheet.junit(), encoding="utf-8")
    sys.stdout.write(sheet.json() + "\n" if args.json else sheet.text())
    return PASSED if sheet.passed else NOT_PASSED
