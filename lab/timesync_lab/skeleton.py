# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab skeleton: where students begin."""

from pathlib import Path

from . import programs
from .table import Bad

TEMPLATES = {"server.c.in": "server.c", "client.c.in": "client.c", "Makefile.in": "Makefile"}


def add_verb(verbs):
    """Its options."""
    one = verbs.add_parser("skeleton", help="write the beginnings of a server and a client in C")
    one.add_argument("directory", metavar="DIR", help="a new or empty directory")
    one.set_defaults(do=skeleton)


def skeleton(args):
    """timesync-lab skeleton."""
    there = Path(args.directory)
    if there.exists() and (not there.is_dir() or any(there.iterdir())):
        raise Bad(f"{there}: is there already, and not empty: choose another directory")
    files = {programs.protocol(): "timesync.x",
             **{programs.skeleton_directory() / name: to for name, to in TEMPLATES.items()}}
    contents = {to: path.read_bytes() for path, to in files.items()}
    there.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (there / name).write_bytes(content)
        print(there / name)
    print(f"Next: make -C {there}; timesync-lab grade --command '{there}/server {{port}}'")
    return 0
