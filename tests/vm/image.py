# SPDX-License-Identifier: BSD-3-Clause
"""The guest's root file system: an archive of the kernel's format for that (cpio, "newc")."""

import os
import re
import shutil
import stat
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"test", "idlelib", "lib2to3", "ensurepip", "distutils", "dist-packages", "config-3"}
PROGRAMS = ("timesync", "timesyncd", "tests/vm/truth")
CHRONYD = "chrony/usr/sbin/chronyd"  # tests/bench/get-chronyd, if this machine has none
USERS = b"root:x:0:0::/:/bin/sh\ntimesyncd:x:900:900::/:/bin/sh\n"
TESTS = ("tests/runner", "tests/system", "tests/vm/guest")


class Archive:
    """A cpio archive in the making. Directories are added as they are needed."""

    def __init__(self, file):
        self._file, self._names = file, set()

    def _write(self, name, mode, mtime, data):
        self._names.add(name)
        path = name.encode() + b"\0"
        fields = (len(self._names), mode, 0, 0, 1, mtime, len(data), 0, 0, 0, 0, len(path), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
        self._file.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    def add(self, name, mode, data=b"", mtime=0):
        """Add a file, directory or link by its mode, unless there is one of that name."""
        name = os.path.normpath(name).lstrip("/")
        if name in self._names:
            return
        if "/" in name:
            self.add(os.path.dirname(name), stat.S_IFDIR | 0o755)
        self._write(name, mode, mtime, data)

    def add_file(self, name, source):
        """Add a copy of a file, with the time that tells Python that its bytecode is current."""
        source = Path(source)
        status = source.stat()
        self.add(name, stat.S_IFREG | status.st_mode & 0o755, source.read_bytes(),
                 int(status.st_mtime))

    def end(self):
        self._write("TRAILER!!!", 0, 0, b"")


def libraries(programs):
    """The shared libraries that these need, as ldd(1) finds them here."""
    done = subprocess.run(["ldd", *programs], stdout=subprocess.PIPE, text=True, check=True)
    return sorted(set(re.findall(r"(/\S+) \(0x", done.stdout)))


def files_below(top):
    for directory, inner, names in os.walk(top):
        inner[:] = [name for name in inner if not name.startswith(tuple(LEFT_OUT))]
        yield from (os.path.join(directory, name) for name in names)


def chronyd(build):
    fetched = build / CHRONYD
    return fetched if fetched.exists() else shutil.which("chronyd", path="/usr/sbin:/sbin")


def make(path, build):
    """Write the archive: the programs in /build, the tests in /tests, and what they run on."""
    python = os.path.realpath("/usr/bin/python3")
    programs = {f"build/{name}": build / name for name in PROGRAMS}
    programs["usr/sbin/chronyd"] = chronyd(build)
    modules = list(files_below(sysconfig.get_path("stdlib")))
    binaries = [python, *programs.values(), *(name for name in modules if name.endswith(".so"))]
    with open(path, "wb") as file:
        archive = Archive(file)
        for name in ("dev", "proc", "sys", "run", "sysroot", "var/lib"):
            archive.add(name, stat.S_IFDIR | 0o755)
        archive.add("tmp", stat.S_IFDIR | 0o1777)
        archive.add("usr/bin/python3", stat.S_IFLNK | 0o777, python.encode())
        for name in [python, *modules, *libraries(binaries)]:
            archive.add_file(name, name)
        for name, source in programs.items():
            archive.add_file(name, source)
        for module in (build / "vm/modules").iterdir():
            archive.add_file(f"modules/{module.name}", module)
        for top in TESTS:
            for name in (ROOT / top).glob("*"):
                if name.is_file():
                    archive.add_file(str(name.relative_to(ROOT)), name)
        archive.add("etc/passwd", stat.S_IFREG | 0o644, USERS)
        archive.add("init", stat.S_IFLNK | 0o777, b"tests/vm/guest/init")
        archive.end()
