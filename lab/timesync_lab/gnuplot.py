# SPDX-License-Identifier: BSD-3-Clause
"""Drawing by gnuplot: one picture as SVG for the page, wide and narrow, and as files."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

# In the light scheme; the page replaces them in the dark one (style.css has both).
SERIES = ("#0063a6", "#c44601", "#00795a", "#a8447f", "#7a6200", "#5650c8", "#b3261e", "#3d6b7d")
INK, AXIS, GRID, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#fffffe"
FONT = "DejaVu Sans,Arial,sans-serif"
MISSING = ("no pictures: gnuplot is not installed; on Debian and Ubuntu it is in the package "
           "gnuplot-nox")


class NoPictures(Exception):
    """gnuplot failed, and what it said."""


def available():
    """Whether pictures can be drawn."""
    return shutil.which("gnuplot") is not None


def colour(number):
    """The colour of the series of that number."""
    return SERIES[number % len(SERIES)]


@dataclass
class Size:
    """How large a picture is, and for what."""

    width: int
    height: int
    font: int
    narrow: bool


@dataclass
class Picture:
    """A picture to draw: `script` makes gnuplot's commands, without terminal and output."""

    name: str
    title: str
    alt: str
    caption: str
    script: object  # of a Size
    height: int = 380
    marks: bool = False
    svg: dict = field(default_factory=dict)  # "wide" and "narrow", for the page


def prelude(size):
    """The beginning of all pictures."""
    return f"""set encoding utf8
set border 3 lc rgb "{AXIS}" lw 1
set tics nomirror scale 0.5 textcolor rgb "{INK}"
set grid lc rgb "{GRID}" lw 0.7 dt 1
set key outside top left horizontal Left reverse samplen 1.4 spacing 1.1 \
{'maxcols 2' if size.narrow else 'maxrows 2'} textcolor rgb "{INK}"
set xlabel textcolor rgb "{INK}"
set ylabel textcolor rgb "{INK}"
set style fill transparent solid 0.18 noborder
set offsets 0, 0, graph 0.04, graph 0.04
"""


def block(name, rows):
    """Inline data."""
    lines = "\n".join(" ".join(f"{v:.9g}" if isinstance(v, float) else str(v) for v in row)
                      for row in rows)
    return f"${name} << EOD\n{lines}\nEOD\n"


def commands(picture, size, terminal, output, title=False):
    """The commands that draw one picture on one terminal."""
    heading = (f"set label 99 \"{picture.title}\" at screen 0.5,0.965 center font \",15\" "
               f"textcolor rgb \"{INK}\"\nset key at screen 0.11,0.92 top left\n"
               "set tmargin at screen 0.84\n") if title else ""
    return (f"reset\nset terminal {terminal}\nset output \"{output}\"\n{prelude(size)}{heading}"
            f"{picture.script(size)}\nunset output\n")


def run(script):
    """Have gnuplot carry out a script."""
    done = subprocess.run(["gnuplot", "-"], input=script, capture_output=True, text=True,
                          timeout=600, check=False)
    if done.returncode != 0 or re.search(r"line \d+:.*[^\s]", done.stderr):
        raise NoPictures(f"gnuplot failed: {done.stderr.strip()[:500]}")


# --- SVG for the page ---

VARIABLES = {**{c: f"var(--s{n})" for n, c in enumerate(SERIES)}, INK: "var(--ink)",
             AXIS: "var(--axis)", GRID: "var(--grid)", PAPER: "var(--paper)",
             "#000000": "var(--ink)"}


def themed(found):
    """A colour as a variable of the page, which has it in both schemes."""
    number = "#" + "".join(f"{int(found[n]):02x}" for n in (1, 2, 3))
    return VARIABLES.get(number, found[0])


def for_page(svg, prefix, alt):
    """An SVG that can stand in the page: its own ids, the page's colours and width."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<svg\s[^>]*?viewBox=(['\"])([^'\"]*)\1[^>]*>",
                 rf'<svg viewBox="\2" role="img" aria-label="{alt}" '
                 'xmlns="http://www.w3.org/2000/svg" '
                 'xmlns:xlink="http://www.w3.org/1999/xlink">', svg, count=1, flags=re.S)
    svg = re.sub(r"\bid=(['\"])([^'\"]+)\1", rf'id="{prefix}\2"', svg)
    svg = re.sub(r"(xlink:href|href)=(['\"])#([^'\"]+)\2", rf'\1="#{prefix}\3"', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    svg = re.sub(r"rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\s*\)", themed, svg)
    svg = re.sub(r"(['\"])black\1", '"var(--ink)"', svg)
    svg = re.sub(r"font-family=(['\"])[^'\"]*\1", "", svg)
    svg = re.sub(r"<title>[^<]*</title>|<desc>[^<]*</desc>", "", svg)
    return re.sub(r"\n\s*\n+", "\n", svg)


def sizes(picture):
    """The two sizes in the page."""
    return {"wide": Size(860, picture.height, 13, False),
            "narrow": Size(360, int(picture.height * 0.95), 11, True)}


def for_the_page(picture, scratch):
    """(size, terminal, output, with a title) of a picture in the page."""
    for kind, size in sizes(picture).items():
        yield (size, f"svg size {size.width},{size.height} font \"{FONT},{size.font}\" noenhanced",
               f"{scratch}/{picture.name}-{kind}.svg", False)


def as_files(picture, directory):
    """The same of a picture as files of their own."""
    wide = sizes(picture)["wide"]
    wide.height += 50  # for the title
    points = f"{wide.width},{wide.height}"
    inches = f"{wide.width / 86:.2f}in,{wide.height / 86:.2f}in"
    for kind, terminal in (
            ("svg", f"svg size {points} font \"{FONT},13\" background rgb \"white\" noenhanced"),
            ("png", f"pngcairo size {2 * wide.width},{2 * wide.height} fontscale 1.9 linewidth 2 "
                    "background rgb \"white\" font \"DejaVu Sans,11\" noenhanced"),
            ("pdf", f"pdfcairo size {inches} font \"DejaVu Sans,11\" noenhanced")):
        yield wide, terminal, f"{directory}/{picture.name}.{kind}", True


def make(pictures, directory):
    """Draw pictures for the page and as files NAME.svg, NAME.png and NAME.pdf."""
    with tempfile.TemporaryDirectory(prefix="timesync-lab-") as scratch:
        # Those of the page first: a terminal keeps the background that it once had.
        all_of = [(p, target) for p in pictures for target in for_the_page(p, scratch)]
        all_of += [(p, target) for p in pictures for target in as_files(p, directory)]
        run("".join(commands(picture, *target) for picture, target in all_of))
        for picture in pictures:
            for kind in sizes(picture):
                svg = Path(scratch, f"{picture.name}-{kind}.svg").read_text(encoding="utf-8")
                picture.svg[kind] = for_page(svg, f"{picture.name}-{kind[0]}-", picture.alt)
