# SPDX-License-Identifier: BSD-3-Clause
"""tests/mutants-equivalent: the mutants that no test can or need tell from the code, and why.

A block is a line `FILE FUNCTION` (`-` for code outside functions), one or more pairs of lines
`- before` and `+ after`, as tests/mutants prints them, and `= reason`, which may go on in lines
that begin with two blanks. Empty lines, and lines with a # in front, say nothing.
"""

from dataclasses import dataclass


@dataclass
class Explanation:
    line: int
    file: str
    function: str
    before: str
    after: str
    reason: str = ""

    def key(self):
        return self.file, self.function, self.before, self.after


def read(path):
    """The explanations in a file. ValueError names the line that is wrong."""
    found, block, head = [], [], None
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        sign, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if line.startswith("  ") and found and not block:
            continue
        if sign == "-" and head:
            block.append(Explanation(number, *head, rest, ""))
        elif sign == "+" and block and not block[-1].after:
            block[-1].after = rest
        elif sign == "=" and block and block[-1].after and rest:
            for explanation in block:
                explanation.reason = rest
            found += block
            block = []
        elif sign not in ("-", "+", "=") and len(line.split()) == 2 and not block:
            file, function = line.split()
            head = file, "" if function == "-" else function
        else:
            raise ValueError(f"{path}:{number}: this has no place here: {line}")
    if block:
        raise ValueError(f"{path}:{block[0].line}: gives no reason (= reason)")
    return found
