# SPDX-License-Identifier: BSD-3-Clause
"""Which lines the programs of a COVERAGE=1 build have run, by gcov."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TOPS = ("core", "os", "rpc", "group", "server", "client", "lab")
SOURCE = re.compile(r"\s*-:\s*0:Source:(?:\./)?(.*)")
LINE = re.compile(r"\s*([^\s:]+):\s*(\d+):")


def gcov_of(compiler):
    """The command that reads the counters of this compiler's programs."""
    if "clang" in compiler:
        return [re.sub(r"clang(?=[^/]*$)", "llvm-cov", compiler), "gcov"]
    return [re.sub(r"gcc(?=[^/]*$)", "gcov", compiler)]


def notes_of(build, tops=TOPS):
    """What the compiler has noted for gcov about each object of these rooms."""
    return [note for top in tops for note in sorted((build / top).rglob("*.gcno"))]


def read_lines(root, gcov, notes):
    """The lines that have code, as {file: {number: whether it has run}}."""
    command = [*gcov, "-t", *map(str, notes)]
    # In one call, which reads from and writes to pipes only.
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(gcov)} failed: {done.stderr}")
    files = defaultdict(dict)
    file = None
    for text in done.stdout.splitlines():
        source, line = SOURCE.match(text), LINE.match(text)
        if source:
            file = files[source[1]] if source[1].startswith(tuple(f"{t}/" for t in TOPS)) else None
        elif line and file is not None and line[1] != "-" and line[2] != "0":
            number = int(line[2])
            file[number] = file.get(number, False) or line[1][0].isdigit()
    return files


def notes_beside(counters, notes):
    """Copies of the notes beside the counters of programs that ran with GCOV_PREFIX=counters, which
    lie under the whole path of the object: gcov wants both in one place."""
    copies = []
    for note in notes:
        place = Path(f"{counters}{note}")
        place.parent.mkdir(parents=True, exist_ok=True)
        copies.append(shutil.copy(note, place))
    return copies
