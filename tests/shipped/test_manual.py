# SPDX-License-Identifier: BSD-3-Clause
"""The manual pages and the README say what the programs say, both ways."""

import errno
import json
import os
import re
import subprocess
from collections import namedtuple
from functools import lru_cache
from pathlib import Path

from harness import SystemTest, host_port, program, tool
from helptext import Option, all_options, commands, help_of, joined, options_in, verbs
from hosts import make_network

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted((ROOT / "man").glob("*.[1-8]"))
TIMESYNC = ROOT / "man/timesync.1"
TIMESYNCD = ROOT / "man/timesyncd.8"
EXPORTER = ROOT / "man/timesync-exporter.8"
LAB = ROOT / "man/timesync-lab.1"  # a program of its own
VERB_PAGES = sorted(set((ROOT / "man").glob("timesync-*.1")) - {LAB})

Item = namedtuple("Item", "section head body")


def items_in(page):
    """The items of the lists of a page, each with its section."""
    section = item = None
    items = []
    for line in page.read_text(encoding="utf-8").splitlines():
        heading = re.match(r"\.S[hs] (.*)", line)
        if heading:
            section = heading[1]
        if heading or line == ".El":
            item = None
        elif line.startswith(".It "):
            item = Item(section, line[4:], [])
            items.append(item)
        elif item:
            item.body.append(line)
    return items


def section_of(page, name):
    text = page.read_text(encoding="utf-8")
    return re.search(rf"^\.S[hs] {name}\n(.*?)(?=^\.S[hs] |\Z)", text, re.M | re.S)[1]


def lab_options():
    """The names of the options of timesync-lab, as its help lists them."""
    return {name for verb in ([], ["run"], ["live"], ["grade"], ["skeleton"]) for name in
            re.findall(r"--([a-z][a-z-]+)", run_lab(*verb, "--help"))}


def run_lab(*args):
    return subprocess.run([program("timesync-lab"), *args], capture_output=True, text=True,
                          check=True).stdout


@lru_cache
def every_command():
    return [*commands("timesync"), ("timesyncd",), ("timesync-exporter",)]


def page_of(command):
    """The page of ("timesync", "clock", "show") or ("timesyncd",)."""
    return ROOT / (f"man/timesync-{command[1]}.1" if len(command) > 1 else f"man/{command[0]}.8")


def owners(page, section):
    """The commands whose options a section lists; none if it is no section of options."""
    if section in ("OPTIONS", "Options"):
        return [command for command in every_command() if page_of(command) == page]
    title = re.fullmatch(r"(?:More o|O)ptions of (.+)", section)
    return [("timesync", *verb.split()) for verb in re.split(r", | and ", title[1])] if title else []


def documented_options():
    """command -> {long name: (Option, text)}, each from the command's own page."""
    found = {}
    for page in (*VERB_PAGES, TIMESYNCD, EXPORTER):
        for section, head, body in items_in(page):
            item = re.fullmatch(r"(?:Fl (\S) , )?Fl -(\S+)(?: Ar (\S+))?", head)
            if not item:
                continue
            short, name, argument = (group or "" for group in item.groups())
            commands_here = owners(page, section)
            assert commands_here, (page, section, head)
            for command in commands_here:
                assert page_of(command) == page, (command, page)
                found.setdefault(command, {})[name] = (Option(short, argument), " ".join(body))
    return found


def statuses(page):
    return {int(i.head) for i in items_in(page) if i.section == "EXIT STATUS"}


def string_literals():
    """All texts in the programs, those that C joins joined."""
    texts = []
    for module in ("client", "server", "os", "rpc", "group", "measure", "track", "print"):
        for path in sorted((ROOT / module).rglob("*.c")):
            source = path.read_text(encoding="utf-8")
            for joined in re.findall(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', source):
                texts.append(re.sub(r'"\s*"', "", joined))
    return texts


def fixed_parts(message):
    """The constant parts of a message: all but PLACEHOLDERS, numbers and names of errors."""
    for error in os.strerror(errno.EADDRINUSE), os.strerror(errno.ECONNREFUSED):
        message = message.replace(error, "REASON")
    parts = re.split(r"(?<!HOST:)\b(?!HOST\b|PID\b)[A-Z]{4,}\b|\b[NM]\b|\d+", message)
    return [part.strip(" ':") for part in parts if len(part) > 3]


class OptionsTest(SystemTest):
    def test_the_pages_and_help_list_the_same_options(self):
        documented = documented_options()
        everything = every_command()
        self.assertEqual(set(documented), set(everything))
        self.assertGreater(len(everything), 5)
        for command in everything:
            with self.subTest(command):
                page = {name: option for name, (option, _) in documented[command].items()}
                self.assertEqual(page, options_in(help_of(*command)))

    def test_help_is_the_last_in_help(self):
        for command in commands("timesync"):
            with self.subTest(command):
                self.assertEqual([*options_in(help_of(*command))][-1], "help")

    def test_the_options_in_help_are_two_columns(self):
        for command in every_command():
            with self.subTest(command):
                options = re.search(r"^(  .*\n)(.+\n)*", help_of(*command), re.M)[0]
                for line in options.splitlines():
                    self.assertRegex(line, r"^(  (-.,|   ) --\S| {31}\S)")
                    self.assertLessEqual(len(line), 80)

    def test_every_option_in_help_is_read(self):
        for command in every_command():
            with self.subTest(command):
                text = joined(help_of(*command))
                self.assertEqual(len(options_in(text)), len(re.findall(r"^ +-", text, re.M)))

    def test_defaults(self):
        documented = documented_options()
        for command, options in documented.items():
            text = joined(help_of(*command))
            for name, (_, body) in options.items():
                line = re.search(rf"^ +(?:-., )?--{name} .*", text, re.M)[0]
                default = re.search(r"\(default: (\w+)|(\w+) \(default\)", line)
                if default:
                    with self.subTest(command=command, option=name):
                        self.assertIn("default", body)
                        self.assertRegex(body, rf"\b{default[1] or default[2]}\b")

    def test_the_pages_and_help_list_the_same_verbs(self):
        names = [*dict.fromkeys(verb.split()[0] for verb in verbs())]
        listed = [i.head for i in items_in(TIMESYNC) if i.section == "DESCRIPTION"]
        self.assertEqual(listed, [f"Xr timesync-{name} 1" for name in names])
        self.assertEqual(VERB_PAGES, sorted(ROOT / f"man/timesync-{name}.1" for name in names))
        for name in names:
            page = ROOT / f"man/timesync-{name}.1"
            synopsis = re.findall(r"^\.Cm (.*)", section_of(page, "SYNOPSIS"), re.M)
            self.assertEqual(synopsis, [verb for verb in verbs() if verb.split()[0] == name])

    def test_help_names_the_page(self):
        for command in commands("timesync"):
            with self.subTest(command):
                self.assertEqual(help_of(*command).splitlines()[-1],
                                 f"See timesync-{command[1]}(1).")
        for command in (("timesync", "clock"), ("timesync", "group")):
            self.assertTrue(help_of(*command).endswith(f" See timesync-{command[1]}(1).\n"))
        self.assertTrue(help_of("timesync").endswith(" See timesync(1).\n"))

    def test_each_page_is_called_as_its_file(self):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            name, section = page.name.rsplit(".", 1)
            with self.subTest(page.name):
                self.assertIn(f"\n.Dt {name.upper()} {section}\n", text)
                self.assertRegex(text, rf"\n\.Sh NAME\n\.Nm {name}\n\.Nd ")

    def test_timesync_alone(self):
        names = [i.head for i in items_in(TIMESYNC) if i.section == "Without a verb"]
        self.assertEqual(names, ["Fl h , Fl -help", "Fl V , Fl -version"])
        for name in ("-h", "--help", "-V", "--version"):
            self.assertEqual(self.timesync(name).status, 0, name)

    def test_the_synopsis_of_timesyncd(self):
        options = {o.short: o.argument for o in options_in(help_of("timesyncd")).values()}
        usage = section_of(TIMESYNCD, "SYNOPSIS")
        short = re.findall(r"^\.Op Fl (\w+)(?: Ar (\S+))?$", usage, re.M)
        self.assertTrue(short)
        for letters, argument in short:
            for letter in letters:
                self.assertEqual(options.get(letter), argument, letter)

    def test_the_page_and_help_of_the_lab_list_the_same(self):
        items = [i.head for i in items_in(LAB) if i.section == "OPTIONS"]
        self.assertEqual({re.search(r"Fl -([a-z-]+)", head)[1] for head in items}, lab_options())
        verbs_of_help = re.findall(r"^    ([a-z]+) ", run_lab("--help"), re.M)
        self.assertEqual(re.findall(r"^\.Cm (.*)", section_of(LAB, "SYNOPSIS"), re.M),
                         verbs_of_help)

    def test_options_that_are_mentioned_exist(self):
        known = all_options() | lab_options()
        for path in [*PAGES, ROOT / "README.md", ROOT / "dist/timesyncd.service"]:
            for line in path.read_text(encoding="utf-8").splitlines():
                if "systemctl" in line:
                    continue
                for name in re.findall(r"(?:Fl |(?<![\w-])-)-([a-z][a-z0-9-]+)", line):
                    with self.subTest(path=path.name, line=line):
                        self.assertIn(name, known)


class ExitStatusTest(SystemTest):
    def provoked(self):
        """How timesync ends when it is given reasons to."""
        ahead = self.make_clock("1h", name="ahead")
        server = host_port(self.start_lone_daemon("-c", ahead).addresses["udp"])
        mine = self.make_clock()
        for args in (["query", server],
                     ["query", "127.0.0.1:9"],
                     ["query", "--rounds", "none"],
                     ["sync", "-c", mine, "--max-change", "1s", server],
                     ["sync", server]):
            yield self.timesync(*args).status

    def test_timesync_ends_with_what_the_page_lists(self):
        self.assertEqual(statuses(TIMESYNC), set(self.provoked()))

    def test_the_readme_lists_the_verbs_and_links_to_what_exists(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^\| `(\w+)` \|", readme, re.M),
                         [*dict.fromkeys(verb.split()[0] for verb in verbs())])
        links = re.findall(r"\]\(([^)]+)\)", readme)
        self.assertIn("LICENSE", links)
        for link in links:
            self.assertTrue((ROOT / link).is_file(), link)

    def test_there_are_no_others(self):
        header = (ROOT / "os/exit_status.h").read_text(encoding="utf-8")
        names = re.search(r"enum exit_status \{(.*?)\};", header, re.S)[1]
        self.assertEqual({int(n) for n in re.findall(r"= (\d+),", names)}, statuses(TIMESYNC))

    def test_timesyncd_ends_with_what_the_page_lists(self):
        daemon = self.start_lone_daemon()
        ends = {daemon.stop(), self.launch_daemon("-c", self.path("none")).wait(),
                self.launch_daemon("--workers", "none").wait()}
        self.assertEqual(statuses(TIMESYNCD), ends)

    def test_statuses_that_are_mentioned_exist(self):
        for path in [*PAGES, *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
            text = path.read_text(encoding="utf-8")
            for number in re.findall(r"exit\s+status(?:\s+is)?\s+(\d+)", text, re.I):
                with self.subTest(path.name):
                    self.assertIn(int(number), statuses(TIMESYNC))


class OutputTest(SystemTest):
    def keys(self, value, prefix=""):
        """The names of all fields; those of an object in an object also behind its own name."""
        if isinstance(value, list):
            return set().union(*(self.keys(v) for v in value))
        names = set()
        for name, inner in value.items() if isinstance(value, dict) else ():
            names.add(prefix + name)
            names |= self.keys(inner, "server." if name == "server" else "")
        return names

    def group_status(self):
        """Of a member that leads itself and has done a cycle."""
        socket = self.path("member")
        self.start_lone_daemon(
            "-c", self.make_clock(name="member-clock"), "--socket", socket, "--group", "test",
            "--insecure-lab", "--member", "127.0.0.1", "--lease", "200ms", "--cycle", "100ms")

        def status():
            return self.timesync("group", "status", "--json", "--socket", socket).json
        return self.wait_until(lambda: status()["last_cycle"] and [status()], "a cycle")[0]

    def tracking_status(self, server):
        """Of a daemon that keeps its clock by that server."""
        socket = self.path("tracker")
        self.start_lone_daemon("-c", self.make_clock(name="upstream-clock"), "--socket", socket,
                               "--upstream", server)

        def status():
            return self.timesync_json("status", "--socket", socket)
        return self.wait_until(lambda: status()["tracking"]["polls"] and [status()], "a poll")[0]

    def discovered(self):
        """A server that is found by broadcast, as it is printed."""
        (host,) = make_network(self, 1)
        host.start_rpcbind()
        host.start_daemon()
        return host.timesync("discover", "--json", "--wait=500ms").json

    def reported(self, server):
        """A log of a clock that converges, with a line that is damaged."""
        log = self.path("log")
        result = self.timesync("track", "-c", self.make_clock(name="tracked"), "--log", log,
                               "--count", "30", "-i", "250ms", server)
        self.assertEqual(result.status, 0, result)
        with open(log, "a", encoding="ascii") as file:
            file.write("damaged\n")
        return self.timesync_json("report", log)

    def series(self, server):
        """What query prints in a series, the report on its log, and what RPC adds."""
        log, where = self.path("series"), "127.0.0.1:5007"
        echo = self.start([program("lab/echo"), "--serve", where])
        self.wait_until(lambda: "serving" in echo.stdout, "the echo serves", echo)
        result = self.timesync("query", "--json", "--count=2", "-i", "250ms", "--log", log, server)
        yield from result.json_lines
        yield self.timesync_json("report", "--truth=system", log)
        yield from self.timesync("query", "--json", "--baseline", where, "-n20", server).json_lines

    def test_the_page_and_json_have_the_same_fields(self):
        socket = self.path("socket")
        daemon = self.start_lone_daemon("--socket", socket)
        clock = self.make_clock("1s")
        server = host_port(daemon.addresses["udp"])
        ahead = self.make_clock("1h", name="ahead")
        other = host_port(self.start_lone_daemon("-c", ahead).addresses["udp"])
        printed = [
            *self.timesync("sync", "--json", "-c", clock, server, server, server).json_lines,
            self.timesync_json("query", "127.0.0.1:9", status=1),
            self.timesync_json("compare", host_port(daemon.addresses["udp"])),
            self.timesync_json("track", "-c", clock, "--count", "1", server),
            self.timesync_json("now", "-c", clock, status=1),
            self.timesync_json("track", "--chrony-sock", socket, "--count", "1", other, status=1),
            self.reported(server),
            *self.series(server),
            self.timesync_json("clock", "show", clock),
            self.tracking_status(server),
            self.group_status(),
            self.timesync_json("doctor", server),
            self.discovered(),
        ]
        text = section_of(TIMESYNCD, "Counters")
        for page in VERB_PAGES:
            if "Fl -json" in page.read_text(encoding="utf-8"):
                text += section_of(page, "JSON")
        lines = re.findall(r"^\.(?:It )?Va (.*)", text, re.M)
        listed = {name for line in lines for name in re.split(r"[ ,;]+", line) if name}
        self.assertEqual(listed, self.keys(printed) - {"server"})

    def test_json_is_one_line(self):
        result = self.timesync("clock", "show", "--json", self.make_clock())
        self.assertEqual(len(result.stdout.splitlines()), 1)
        json.loads(result.stdout)

    def test_messages_that_are_quoted_exist(self):
        quoted = [i.head.strip('"') for page in PAGES for i in items_in(page)
                  if i.section == "DIAGNOSTICS"]
        self.assertGreater(len(quoted), 10)
        printed = string_literals()
        for message in quoted:
            for part in fixed_parts(message):
                with self.subTest(message):
                    self.assertTrue(any(part in text for text in printed), part)

    def test_the_environment(self):
        for page, modules in ((TIMESYNC, ("client", "print")), (TIMESYNCD, ("server",))):
            with self.subTest(page.name):
                used = set()
                for path in (p for m in (*modules, "os", "rpc") for p in (ROOT / m).rglob("*.c")):
                    text = path.read_text(encoding="utf-8")
                    used |= set(re.findall(r'getenv\("(\w+)"\)', text))
                listed = {name for i in items_in(page) if i.section == "ENVIRONMENT"
                          for name in i.head[3:].split(" , ")}
                self.assertEqual(listed, used)


class PagesTest(SystemTest):
    def lint(self, text):
        done = subprocess.run([tool("mandoc"), "-Tlint", "-Wwarning"], input=text, text=True,
                              capture_output=True, timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_lint(self):
        self.assertEqual(len(PAGES), len(VERB_PAGES) + 6)
        for page in PAGES:
            with self.subTest(page.name):
                self.assertEqual(self.lint(page.read_text(encoding="utf-8")), (0, ""))

    def test_lint_sees_a_mistake(self):
        text = TIMESYNC.read_text(encoding="utf-8").replace(".El", ".Le", 1)
        self.assertNotEqual(self.lint(text)[0], 0)

    def test_references_among_the_pages(self):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            for name, section in re.findall(r"Xr (timesync\S*) (\d)", text):
                with self.subTest(page=page.name, name=name):
                    self.assertIn(ROOT / f"man/{name}.{section}", PAGES)

    def test_the_news_begin_with_the_version(self):
        news = (ROOT / "NEWS.md").read_text(encoding="utf-8")
        version = self.timesync("--version").stdout.split()[1]
        self.assertEqual(re.search(r"^## (\S+)", news, re.M)[1], version)
