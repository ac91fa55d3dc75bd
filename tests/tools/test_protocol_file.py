# SPDX-License-Identifier: BSD-3-Clause
"""Whether compilers of the RPC language other than Linux's rpcgen can take the protocol files.

Java's want every definition before the program that follows, and only rpcgen takes more than one
program for a sample of a server; a name becomes a name of the language that is generated.
"""

import keyword
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROTOCOLS = [ROOT / "timesync.x", *sorted((ROOT / "rpc").glob("*.x")),
             *sorted((ROOT / "group/wire").glob("*.x"))]
# Of Java, C++ and Go, as far as they are not of the RPC language itself.
KEYWORDS = set(
    "abstract assert boolean break byte catch chan class continue defer default delete do extends "
    "final finally for friend func go goto if implements import inline instanceof interface map "
    "namespace native new operator package private protected public range return select short "
    "static super synchronized template this throw throws transient try type using virtual "
    "volatile while".split()
) | set(keyword.kwlist)


def code(path):
    """The file without its comments."""
    return re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)


class ProtocolFile(unittest.TestCase):
    def test_there_is_one_program_in_a_file_and_it_is_the_last_definition(self):
        self.assertEqual(len(PROTOCOLS), 3)
        for path in PROTOCOLS:
            with self.subTest(path.name):
                self.assertEqual(len(re.findall(r"\bprogram\b", code(path))), 1)
                after = code(path)[code(path).index("program") :]
                self.assertRegex(after, r"(?s)\A[^}]*}\s*=\s*\d+;\s*}\s*=\s*\d+;\s*\Z")

    def test_no_name_is_a_word_of_another_language(self):
        for path in PROTOCOLS:
            with self.subTest(path.name):
                names = set(re.findall(r"\b[A-Za-z_]\w*", code(path)))
                self.assertEqual(names & KEYWORDS, set())

    def test_the_samples_of_rpcgen_are_of_the_public_program_alone(self):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "timesync.x").write_bytes((ROOT / "timesync.x").read_bytes())
            subprocess.run(["rpcgen", "-a", "timesync.x"], cwd=directory, check=True)
            client = Path(directory, "timesync_client.c").read_text()
            self.assertEqual(re.findall(r"^(\w+)\(char \*host\)", client, re.M), ["timesync_prog_1"])


if __name__ == "__main__":
    unittest.main()
