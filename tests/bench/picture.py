# SPDX-License-Identifier: BSD-3-Clause
"""The picture of the offsets: how they are distributed, idle and loaded."""

import subprocess
import sys
from pathlib import Path

PLOT = Path(__file__).resolve().parent / "offsets.gp"
PLOTTED = 400  # points a curve


def curves(offsets):
    """Each method's offsets in us against the share of them that is less, as gnuplot's blocks."""
    blocks = []
    for situation in ("idle", "loaded"):
        for method, values in offsets[situation].items():
            values = sorted(values)
            lines = [f'"{method}"']
            for i in range(min(PLOTTED, len(values))):
                at = i * len(values) // min(PLOTTED, len(values))
                lines.append(f"{values[at] / 1000:.3f} {100 * at / len(values):.2f}")
            blocks.append("\n".join(lines))
    return "\n\n\n".join(blocks)


def draw(offsets, path):
    """Draw them into a file; without gnuplot there is no picture."""
    script = (f"$curves << EOD\n{curves(offsets)}\nEOD\n"
              f"idle = {len(offsets['idle'])}\nloaded = {len(offsets['loaded'])}\n"
              + PLOT.read_text(encoding="ascii"))
    try:
        with open(path, "wb") as file:
            subprocess.run(["gnuplot"], input=script.encode(), stdout=file, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"No picture: {error}", file=sys.stderr)
        path.unlink()
