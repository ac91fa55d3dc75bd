# SPDX-License-Identifier: BSD-3-Clause
"""The changes that can be made to a C file, one at a time.

It reads tokens, not the language: a change that does not compile is dropped later. Types, array
bounds of prototypes, strings and directives other than #define stay.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<blank>\s+|/\*.*?\*/|//[^\n]*|\\\n)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<char>'(?:\\.|[^'\\\n])*')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\w\s])
    """,
    re.S | re.X,
)
DIRECTIVE = re.compile(r"[ \t]*\#[ \t]*(\w+)(?:\\\n|[^\n])*")

# For binary operators: what each is changed to.
SWAPS = {
    "<": ("<=", ">="), ">": (">=", "<="), "<=": ("<", ">"), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",),
    "<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("&",),
    "+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=",), "/=": ("*=",), "%=": ("*=",),
    "|=": ("&=",), "&=": ("|=",), "^=": ("&=",), "<<=": (">>=",), ">>=": ("<<=",),
    "++": ("--",), "--": ("++",),
}  # fmt: skip
AMBIGUOUS = {"+", "-", "*", "&"}  # unary as well
TYPE_WORDS = set(
    "auto const static register volatile extern struct union enum typedef void char short int long "
    "float double signed unsigned bool size_t".split()
)
NO_OPERAND = {"return", "case", "else", "do", "sizeof", "goto"}
OPEN, CLOSE = "([{", ")]}"


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self):
        return self.start + len(self.text)


@dataclass(frozen=True)
class Mutant:
    """One change: text[start:end] becomes `new`. `before` and `after` show it in its lines."""

    file: str
    function: str  # in which it is; "" between functions
    line: int
    start: int
    end: int
    new: str
    before: str
    after: str

    def apply(self, text):
        return text[: self.start] + self.new + text[self.end :]


def tokens_of(text):
    """The tokens of a file, without blanks; of the directives the bodies of #define."""
    found = []
    at = 0
    while at < len(text):
        directive = DIRECTIVE.match(text, at) if at == 0 or text[at - 1] == "\n" else None
        if directive and directive[1] != "define":
            at = directive.end()
            continue
        if directive:  # past the name and what it takes; the signs keep statements apart
            at = re.compile(r"[ \t]*#[ \t]*define[ \t]+\w+(?:\([^)]*\))?").match(text, at).end()
            found += defined(text, at, directive.end())
            at = directive.end()
            continue
        match = TOKEN.match(text, at)
        if match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match[0], at))
        at = match.end()
    return found


def defined(text, at, end):
    """The tokens of a macro's body, marked so that they are no part of what stands around them."""
    found = []
    while at < end:
        match = TOKEN.match(text, at)
        if match.lastgroup in ("number", "char"):
            found.append(Token("defined-" + match.lastgroup, match[0], at))
        at = match.end()
    return found


def pairs_of(tokens):
    """For each bracket the other one, by index."""
    pairs, stack = {}, []
    for i, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in OPEN:
            stack.append(i)
        elif token.text in CLOSE and stack:
            pairs[i] = stack.pop()
            pairs[pairs[i]] = i
    return pairs


def functions_of(tokens, pairs):
    """(name, whether it returns a bool, index of its `{`, of its `}`) of each function."""
    found = []
    i = begun = 0
    while i < len(tokens):
        text = tokens[i].text
        if text == "{":
            before = i - 1
            if tokens[before].text == ")" and tokens[pairs[before] - 1].kind == "word":
                name = pairs[before] - 1
                head = [token.text for token in tokens[begun:name]]
                found.append((tokens[name].text, head[-1:] == ["bool"], i, pairs[i]))
            i = pairs[i]
            if found and found[-1][3] == i:
                begun = i + 1
        elif text == "(":
            i = pairs[i]
        elif text == ";":
            begun = i + 1
        i += 1
    return found


def is_operand(tokens, i):
    """Whether an operator behind this token is a binary one."""
    token = tokens[i]
    if token.kind == "word":
        return token.text not in NO_OPERAND
    return token.kind in ("number", "char", "string") or token.text in (")", "]")


def constants(token):
    """What a constant is changed to."""
    if token.kind.endswith("char"):
        return [f"({token.text} + 1)"]
    match = re.fullmatch(r"(0[xX][\da-fA-F]+|\d+)([uUlL]*)", token.text)
    if match:
        value = int(match[1], 0) if match[1].startswith(("0x", "0X")) else int(match[1], 10)
        values = [value + 1, value - 1] + ([0] if value > 1 else [])
        return [f"({v}{match[2]})" if v < 0 else f"{v}{match[2]}" for v in values]
    match = re.fullmatch(r"(\d*\.?\d*(?:[eE][-+]?\d+)?)([fFlL]?)", token.text)
    if match:
        return [f"({token.text} + 1)", f"({token.text} - 1)", f"0.0{match[2]}"]
    return []


def is_declaration(tokens, i, end):
    """Whether the statement from token i up to its `;` declares something."""
    words = tokens[i:end]
    if words[0].text in TYPE_WORDS or words[0].text.endswith("_t"):
        return True
    if words[0].kind != "word" or len(words) < 2:
        return False
    j = 1
    while j < len(words) and words[j].text == "*":
        j += 1
    return j < len(words) and words[j].kind == "word"


class Reader:
    """Collects the changes of one file."""

    def __init__(self, file, text):
        self.file, self.text = file, text
        self.tokens = tokens_of(text)
        self.pairs = pairs_of(self.tokens)
        self.functions = functions_of(self.tokens, self.pairs)
        self.found = {}

    def add(self, start, end, new):
        """Note a change, unless the same text comes out of another."""
        text = self.text
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", end)
        last = len(text) if last < 0 else last
        before = " ".join(text[first:last].split())
        after = " ".join((text[first:start] + new + text[end:last]).split())
        # A change keeps the numbers of the lines.
        new += "\n" * text.count("\n", start, end)
        function = next(
            (name for name, _, opens, closes in self.functions
             if self.tokens[opens].start <= start <= self.tokens[closes].start), ""
        )  # fmt: skip
        line = text.count("\n", 0, start) + 1
        mutant = Mutant(self.file, function, line, start, end, new, before, after)
        self.found.setdefault(mutant.apply(text), mutant)

    def replace(self, token, new):
        self.add(token.start, token.end, new)

    def negate(self, i, end):
        """Negate the condition of the tokens [i, end)."""
        if i < end:
            start, stop = self.tokens[i].start, self.tokens[end - 1].end
            self.add(start, stop, f"!({self.text[start:stop]})")

    def read(self):
        for i, token in enumerate(self.tokens):
            if token.kind.endswith(("number", "char")):
                for new in constants(token):
                    self.replace(token, new)
            elif token.text in ("true", "false"):
                self.replace(token, "false" if token.text == "true" else "true")
        for _, is_bool, opens, closes in self.functions:
            self.read_operators(opens, closes)
            self.read_conditions(opens, closes)
            self.read_statements(opens, closes, is_bool)
        return sorted(self.found.values(), key=lambda m: (m.start, m.end, m.new))

    def read_operators(self, opens, closes):
        for i in range(opens, closes):
            token = self.tokens[i]
            if token.kind != "sign":
                continue
            binary = is_operand(self.tokens, i - 1)
            if token.text in SWAPS and (binary or token.text not in AMBIGUOUS):
                for new in SWAPS[token.text]:
                    self.replace(token, new)
            if token.text in ("!", "~") or (token.text == "-" and not binary):
                self.replace(token, "")

    def read_conditions(self, opens, closes):
        tokens = self.tokens
        for i in range(opens, closes):
            text = tokens[i].text
            if text in ("if", "while") and tokens[i + 1].text == "(":
                self.negate(i + 2, self.pairs[i + 1])
            elif text == "for" and tokens[i + 1].text == "(":
                parts = self.semicolons(i + 2, self.pairs[i + 1])
                if len(parts) == 2:
                    self.negate(parts[0] + 1, parts[1])
            elif text == "?":
                self.negate(self.condition_start(i), i)

    def semicolons(self, i, end):
        found = []
        while i < end:
            if self.tokens[i].text == ";":
                found.append(i)
            i = self.pairs[i] + 1 if self.tokens[i].text in OPEN else i + 1
        return found

    def condition_start(self, i):
        """The first token of what stands in front of the `?` at i."""
        ends = {"=", "return", "(", "[", "{", ",", "?", ":", ";"} | {
            text for text in SWAPS if text.endswith("=") and text not in ("==", "!=", "<=", ">=")
        }
        while self.tokens[i - 1].text not in ends:
            i = self.pairs[i - 1] if self.tokens[i - 1].text in CLOSE else i - 1
        # A cast or call is part of the condition; the target of an assignment is not.
        return i

    def read_statements(self, opens, closes, is_bool):
        """Delete statements, and change returned values."""
        i = opens + 1
        while i < closes:
            text = self.tokens[i].text
            if text in ("if", "while", "for", "switch"):
                i = self.pairs[i + 1] + 1
            elif text in ("{", "}", ";", "else", "do"):
                i += 1
            elif text in ("case", "default"):
                while self.tokens[i].text != ":":
                    i += 1
                i += 1
            else:
                end = self.statement_end(i)
                self.change_statement(i, end, closes, is_bool)
                i = end + 1

    def statement_end(self, i):
        while self.tokens[i].text != ";":
            i = self.pairs[i] + 1 if self.tokens[i].text in OPEN else i + 1
        return i

    def change_statement(self, i, end, closes, is_bool):
        tokens = self.tokens
        if tokens[i].text == "return":
            self.change_return(i, end, is_bool)
            if end + 1 == closes:
                return
        elif is_declaration(tokens, i, end):
            return
        self.add(tokens[i].start, tokens[end].start, "")

    def change_return(self, i, end, is_bool):
        value = self.tokens[i + 1 : end]
        if not value or (len(value) == 1 and value[0].kind in ("number", "string")):
            return
        if len(value) == 1 and value[0].text in ("true", "false", "NULL"):
            return
        if is_bool:
            self.negate(i + 1, end)
        else:
            self.add(value[0].start, value[-1].end, "0")


def mutants_of(file, text):
    """All changes of a file, in the order of their places."""
    return Reader(file, text).read()
