"""The house notation of formulas, set as mathematics: from a line of a docstring to MathML, which browsers draw themselves.

    y[f,i,j] = b[f] + sum over c,u,v of w[f,c,u,v] * x[c, i*s+u*d-p, j*s+v*d-p]

A paragraph is read from left to right: what parses as an expression is set, what lies between is text. Where a sign of
arithmetic is left over the paragraph was not understood, and stays what it was: code.

    relation   sum (= sum)...                also ~ <- -> < > <= >= !=
    sum        product (+ product)...        also - +-
    product    power (* power)...            also / and . (of vectors), and `a b`, `2c`, `(1/l) sum over ...`
    power      operand ** operand            also ^
    operand    number, name, name[index], name(...), (...), [...], |...|, "word", ...
               sum over i,j of product       also max, min, mean, softmax, argmax; sum of product; log p

Source: MathML Core, w3.org/TR/mathml-core
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

RELATIONS = {
    "=": "=", "~": "∼", "<-": "←", "->": "→", "<": "&lt;", ">": "&gt;", "<=": "≤", ">=": "≥", "!=": "≠",
}  # fmt: skip
SIGNS = {
    "+": "<mo>+</mo>", "-": "<mo>−</mo>", "+-": "<mo>±</mo>", "...": "<mo>,</mo><mo>…</mo><mo>,</mo>",
}  # fmt: skip
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "lambda": "λ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "theta": "θ",
}  # fmt: skip
OVER = {"sum": "∑", "max": "max", "min": "min", "mean": "mean", "softmax": "softmax", "argmax": "argmax"}
"""What runs over an index."""
BLANK = "\u00a0"
CODE = '<code class="docutils literal notranslate">'
PREFIX = ("log", "ln", "cos", "sin", "sum", "argmax")
"""What is written without parentheses too: log p."""
WORDS = re.compile(
    "a|all|also|an|and|any|are|as|at|be|before|between|but|by|chosen|each|elsewhere|else|every|first|for|from|"
    "given|had|has|have|if|in|into|is|it|its|last|left|likewise|no|none|not|of|on|once|one|or|other|others|"
    "over|so|some|than|that|the|their|them|then|these|they|this|those|through|times|to|until|up|was|were|what|"
    "when|where|which|who|with"
)
"""Words that end an expression. A single `a` is a letter unless a word follows it."""
LETTER_FOLLOWS = re.compile("and|fixed|from|learned|is|in|of|the|to|uniform|where")
"""After these words too `a` is a letter: a and b uniform ..., a learned."""

ARITHMETIC = {*"=~*^/[]|_<>", "**", "<-", "<=", ">=", "!=", "+-"}
"""What a text without formulas has none of: where one of these is left over, something was not understood."""

TOKEN = re.compile(
    r"""(?P<code>`[^`]*`|\b[a-z_]\w+=(?:"[^"]*"|[\w.-]+))
    |(?P<quote>"[^"]*")
    |(?P<size>\d+x\d+(?:x\d+)*\b)
    |(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?(?:e-?\d+)?)
    |(?P<word>[A-Za-z]{2,}(?:[-'][A-Za-z]+)+|[A-Za-z]{2,}')
    |(?P<name>[A-Za-z]\w*'?)
    |(?P<sign>\*\*|<-|->|<=|>=|!=|\+-|\.\.\.|\S)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A word or sign, with the blanks before it."""

    text: str
    kind: str
    space: str


@dataclass(frozen=True)
class Node:
    """A piece of mathematics. `kind`: word, letter, number, phrase, paren, relation or sum ("" for all others)."""

    markup: str
    kind: str = ""
    inner: str = ""
    """Of something in parentheses: without them."""


class NotUnderstoodError(ValueError):
    """What stands here is not in the notation."""


def typeset(paragraph: str) -> str | None:
    """A paragraph as HTML with MathML in it, or None where some of its mathematics is not understood.

    Example: >>> typeset("y = x")
             '<math displaystyle="true"><mi>y</mi><mo>=</mo><mi>x</mi></math>'
             >>> typeset("y = = x") is None
             True
    """
    text, _, left_over = _pieces(paragraph, letters=True)
    return None if left_over else text


def prose(paragraph: str) -> str:
    """A paragraph of prose as HTML: what is arithmetic in it as MathML, single letters as they are.

    Example: >>> prose("For k = 1 it is a mean.")
             'For <math displaystyle="true"><mi>k</mi><mo>=</mo><mn>1</mn></math> it is a mean.'
    """
    text, _, left_over = _pieces(paragraph, letters=False)
    return _text(paragraph) if left_over else text


def is_formula(paragraph: str) -> bool:
    """Whether a paragraph is there for what it says in signs: it begins with a relation, or sets its parts apart.

    Example: >>> is_formula("y = x,  x > 0"), is_formula("Where x > 0 it is 1.")
             (True, False)
    """
    apart = re.search(r"\S {2,}\S", paragraph) is not None
    _, kinds, _ = _pieces(paragraph, letters=True)
    begun = kinds[:1] == ["relation"] or re.match(r"\S+ (=|<-|~) ", paragraph) is not None
    return begun or (apart and "relation" in kinds)


def _pieces(paragraph: str, letters: bool) -> tuple[str, list[str], bool]:
    """The HTML of a paragraph, the kinds of its pieces, and whether signs of arithmetic are left over."""
    parser = _Parser(paragraph)
    parts, kinds, left_over = [], [], False
    while parser.token.kind != "end":
        token, before = parser.token, parts[-1][-1] if parts and parts[-1] else ""
        node = parser.expression(letters)
        if node is None:
            parser.place += 1
            kinds.append("text")
            shown = _prose(token)
            after = parser.token  # m = the pixels that ...
            said_on = token.text in RELATIONS and (after.kind == "word" or WORDS.fullmatch(after.text))
            left_over = left_over or (token.kind == "sign" and token.text in ARITHMETIC and not said_on)
        else:
            kinds.append(node.kind)
            shown = f'<math displaystyle="true">{node.markup}</math>'
        if "\n" in token.space:
            parts.append("<br/>" if node is not None and (before in ",;.:" or node.kind == "relation") else " ")
        elif len(token.space) > 1 and parts:
            parts.append("\u2003")
        elif token.space and parts:
            parts.append(" ")
        parts.append(shown)
    return "".join(parts), kinds, left_over


def _prose(token: Token) -> str:
    if token.kind == "code":
        return f"{CODE}{html.escape(token.text.strip('`'), quote=False)}</code>"
    return "→" if token.text == "->" else "…" if token.text == "..." else html.escape(token.text, quote=False)


def _text(paragraph: str) -> str:
    """Text as HTML, with `code` in it."""
    return re.sub(r"`([^`]*)`", rf"{CODE}\1</code>", html.escape(paragraph, quote=False))


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens, end = [], 0
        for found in TOKEN.finditer(text):
            self.tokens.append(Token(found[0], str(found.lastgroup), text[end : found.start()]))
            end = found.end()
        self.tokens.append(Token("", "end", ""))
        self.place = 0
        self.small = 0
        """How deep in indices and exponents, where fractions are written on one line."""
        self.counting = False
        """Whether this is between bars, where capitals are sets: |A and B|."""

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def ahead(self, steps: int = 1) -> Token:
        return self.tokens[min(self.place + steps, len(self.tokens) - 1)]

    def sees(self, *signs: str) -> bool:
        return self.token.text in signs and self.token.kind in ("sign", "name")

    def take(self, sign: str) -> None:
        if not self.sees(sign):
            raise NotUnderstoodError(sign)
        self.place += 1

    def attempt(self, rule: Callable[[], T]) -> T | None:
        """What a rule reads here, or None, and then nothing is read."""
        before = self.place, self.small, self.counting
        try:
            return rule()
        except NotUnderstoodError:
            self.place, self.small, self.counting = before
            return None

    # What stands in a text

    def expression(self, letters: bool = True) -> Node | None:
        """The mathematics that begins here, if any does."""
        place = self.place
        node = self.attempt(self.relation)
        trivial = (
            ("word", "number", "phrase", "quote")
            if letters
            else ("word", "number", "phrase", "quote", "letter", "list")
        )
        if node is not None and node.kind in trivial:
            self.place = place
            return None
        return node

    def phrase(self, *ends: str) -> str:
        """Words and expressions up to one of these signs."""
        parts = []
        while not self.sees(*ends):
            token = self.token
            blank = BLANK if token.space and parts else ""
            node = self.expression()
            if node is None:
                if token.kind in ("sign", "end") and token.text not in (",", ".", ":"):
                    raise NotUnderstoodError(token.text)
                parts.append(f"<mtext>{blank}{_prose(token)}</mtext>")
                self.place += 1
            else:
                parts.append(f"<mtext>{blank}</mtext>{node.markup}" if blank else node.markup)
        if not parts:
            raise NotUnderstoodError("nothing")
        return "".join(parts)

    # The grammar

    def relation(self) -> Node:
        node = self.sum()
        while self.sees(*RELATIONS):
            sign = RELATIONS[self.token.text]
            right = self.attempt(self.right_side)
            if right is None:
                break
            node = Node(f"{node.markup}<mo>{sign}</mo>{right.markup}", "relation")
        return node

    def right_side(self) -> Node:
        self.place += 1
        return self.sum()

    def sum(self) -> Node:
        node = self.product()
        while self.sees("+", "-", "+-", "..."):
            if self.token.space and not self.ahead().space and not self.sees("..."):
                break  # "gradient -c" takes nothing off the gradient
            sign = SIGNS[self.token.text]
            right = self.attempt(self.next_product)
            if right is None:
                break
            node = Node(f"{node.markup}{sign}{right.markup}", "sum")
        return node

    def next_product(self) -> Node:
        self.place += 1
        return self.product()

    def product(self) -> Node:
        node = self.power()
        while (longer := self.attempt(lambda node=node: self.factor(node))) is not None:
            node = longer
        return node

    def factor(self, left: Node) -> Node:
        """One factor more."""
        token = self.token
        if self.sees("/"):
            self.place += 1
            right = self.power()
            if self.small:
                return Node(f"{left.markup}<mo>/</mo>{right.markup}")
            return Node(
                f"<mfrac><mrow>{left.inner or left.markup}</mrow><mrow>{right.inner or right.markup}</mrow></mfrac>"
            )
        sign = self.sign_between(left)
        if sign:
            self.place += 1
            return Node(f"{left.markup}<mo>{sign}</mo>{self.power().markup}")
        if left.kind in ("word", "quote") or not self.can_follow(left):
            raise NotUnderstoodError(token.text)
        right = self.power()
        if right.kind == "phrase":
            raise NotUnderstoodError(token.text)
        thin = "<mspace width='0.17em'/>" if token.space else ""
        return Node(f"{left.markup}<mo>\u2062</mo>{thin}{right.markup}")

    def sign_between(self, left: Node) -> str:
        """The sign of a product, of vectors too, or of two sets; "" where none stands here."""
        apart = bool(self.token.space and self.ahead().space)
        sets = self.counting and left.kind == "letter" and re.fullmatch(r"[A-Z]", self.ahead().text)
        if self.sees("*") or (self.sees(".") and apart and self.ahead().kind == "name"):
            return "⋅"
        if self.sees("and", "or") and sets:
            return "∩" if self.sees("and") else "∪"
        return "div" if self.sees("div") else ""

    def can_follow(self, left: Node) -> bool:
        """Whether what comes next is a factor that is written without a sign."""
        token = self.token
        if not token.space:
            return left.kind == "number" and (token.kind == "name" or token.text == "(")
        if "\n" in token.space or len(token.space) > 1:
            return False
        if token.kind == "name":
            called = self.ahead().text == "(" and not self.ahead().space and len(token.text) > 1
            return _is_letter(token.text) or called or (token.text in OVER and self.ahead().text in ("over", "of"))
        return left.kind == "letter" and (token.text == "(" or (token.text == "|" and not self.ahead().space))

    def power(self) -> Node:
        if self.sees("-", "+"):
            sign = "−" if self.sees("-") else "+"
            self.place += 1
            return Node(f'<mo form="prefix">{sign}</mo>{self.power().markup}')
        if self.sees("*") and self.ahead().kind == "name" and not self.ahead().space:  # *kernel: all its axes
            self.place += 1
            return Node(f"<mo>*</mo>{self.power().markup}")
        node = self.operand()
        if self.sees("**", "^"):
            self.place += 1
            self.small += 1
            exponent = self.power()
            self.small -= 1
            base = f"<mrow>{node.markup}</mrow>"
            return Node(
                f"<msup>{base}<mrow>{exponent.inner or exponent.markup}</mrow></msup>",
                node.kind * (node.kind == "letter"),
            )
        after = self.ahead()
        if self.sees("*") and not self.token.space and (after.space or after.text in ("]", ")", ",")):  # k*
            self.place += 1
            return Node(f"<msup>{node.markup}<mo>*</mo></msup>", node.kind)
        return node

    def operand(self) -> Node:
        token = self.token
        if token.kind == "name":
            return self.named()
        if self.sees("("):
            return self.bracket("(", ")", "paren")
        if self.sees("["):
            return self.bracket("[", "]", "")
        self.place += 1
        if token.text == "|":
            self.counting = True
            inner = self.sum().markup
            self.take("|")
            self.counting = False
            return Node(f'<mrow><mo form="prefix">|</mo>{inner}<mo form="postfix">|</mo></mrow>')
        markup = {"quote": f"<mtext>{html.escape(token.text)}</mtext>", "sign": "<mo>…</mo>"}
        if token.kind in ("number", "size"):
            markup["number"] = _number(token.text)
        kind = "number" if token.kind == "size" else token.kind
        if kind not in markup or (kind == "sign" and token.text != "..."):
            raise NotUnderstoodError(token.text)
        return Node(markup[kind], kind)

    def bracket(self, opening: str, closing: str, kind: str) -> Node:
        self.take(opening)
        items = self.attempt(lambda: self.items(closing))
        inner, parts = items or (self.phrase(closing), 0)
        self.take(closing)
        said = parts == 0 or re.fullmatch(r"<mi>\w\w+</mi>", inner) is not None
        kind = "phrase" if said else "list" if parts > 1 else kind
        markup = f'<mrow><mo stretchy="true">{opening}</mo>{inner}<mo stretchy="true">{closing}</mo></mrow>'
        return Node(markup, kind, inner if kind in ("paren", "phrase") else "")

    def items(self, closing: str) -> tuple[str, int]:
        """Relations between commas up to the closing sign, and how many; between semicolons the rows of a matrix."""
        rows, row = [], [self.relation().markup]
        while self.sees(",", ";"):
            sign = self.token.text
            self.place += 1
            if sign == ";":
                rows, row = [*rows, row], []
            if self.sees(closing):  # (n,)
                row.append("")
                break
            row.append(self.relation().markup)
        if not self.sees(closing):
            raise NotUnderstoodError(self.token.text)
        if rows:
            cells = ("".join(f"<mtd>{cell}</mtd>" for cell in each) for each in [*rows, row])
            return f"<mtable>{''.join(f'<mtr>{each}</mtr>' for each in cells)}</mtable>", 2
        return "<mo>,</mo>".join(row), len(row)

    def named(self) -> Node:
        """A name with what belongs to it: its index, what it is applied to, what it runs over."""
        name, after = self.token.text, self.ahead()
        if name in OVER and after.text in ("over", "of") and after.space:
            return self.running(name)
        used = after.text in ("*", "/", "**", "=")
        if WORDS.fullmatch(name) and not used and not (name == "a" and self.a_is_letter()):
            raise NotUnderstoodError(name)
        self.place += 1
        if name in PREFIX and after.space and (after.kind in ("name", "number", "size") or after.text in ("|", "-")):
            node = self.power()
            if node.kind in ("word", "phrase"):
                raise NotUnderstoodError(name)
            return Node(f"<mo>{'∑' if name == 'sum' else name}</mo><mspace width='0.17em'/>{node.markup}")
        if name.endswith("_") and self.sees("("):  # u_(t+1)
            self.small += 1
            index = self.bracket("(", ")", "paren")
            self.small -= 1
            return Node(f"<msub>{_name(name[:-1])}<mrow>{index.inner}</mrow></msub>", "letter")
        node = Node(_name(name), "letter" if _is_letter(name) else "word")
        while self.token.text in ("(", "[") and not self.token.space:
            node = self.applied(name, node) if self.sees("(") or name == "E" else self.indexed(node)
        return node

    def a_is_letter(self) -> bool:
        after = self.ahead()
        return (
            after.kind not in ("name", "word")
            or _is_letter(after.text)
            or LETTER_FOLLOWS.fullmatch(after.text) is not None
        )

    def indexed(self, node: Node) -> Node:
        self.small += 1
        self.take("[")
        index, _ = self.items("]")
        self.take("]")
        self.small -= 1
        return Node(f"<msub>{node.markup}<mrow>{index}</mrow></msub>")

    def applied(self, name: str, node: Node) -> Node:
        given = self.bracket("[", "]", "") if self.sees("[") else self.bracket("(", ")", "paren")
        if name == "sqrt":
            return Node(f"<msqrt>{given.inner}</msqrt>")
        if name == "floor":
            return Node(f"<mrow><mo>⌊</mo>{given.inner}<mo>⌋</mo></mrow>")
        return Node(f"{node.markup}<mo>\u2061</mo>{given.markup}")

    def running(self, name: str) -> Node:
        """sum over i,j of ...; sum of ..."""
        self.place += 1
        under = ""
        if self.sees("over"):
            self.place += 1
            self.small += 1
            items = self.attempt(lambda: self.items("of"))
            under = items[0] if items else self.phrase("of")
            self.small -= 1
        self.take("of")
        body = self.product()
        if body.kind == "word" and not under:
            raise NotUnderstoodError(name)
        sign = f'<mo movablelimits="false">{OVER[name]}</mo>'
        gap = "" if name == "sum" else "<mspace width='0.17em'/>"
        if body.markup.startswith("<mo"):  # mean of -log p
            body = Node(f"<mrow><mo>(</mo>{body.markup}<mo>)</mo></mrow>")
        return Node(f"{f'<munder>{sign}<mrow>{under}</mrow></munder>' if under else sign}{gap}{body.markup}")


def _is_letter(name: str) -> bool:
    """Whether a name is one letter, Greek or Latin, perhaps with a small number, letter or prime."""
    stem = name.rstrip("'").split("_")[0]
    short = len(name.rstrip("'").partition("_")[2]) <= 2
    return short and (stem in GREEK or re.fullmatch(r"[A-Za-z]\d*", stem) is not None)


def _name(name: str) -> str:
    """A name in letters: beta_1 as β with a small 1, learning_rate as it is."""
    bare = name.rstrip("'")
    if not _is_letter(name):
        return f"<mi>{bare}</mi>"
    stem, _, index = bare.partition("_")
    if stem not in GREEK:
        stem, index = stem[0], stem[1:] or index
    letter = f"<mi>{GREEK.get(stem, stem)}</mi>"
    small = f"<mn>{index}</mn>" if index.isdigit() else f"<mi>{index}</mi>"
    markup = f"<msub>{letter}{small}</msub>" if index else letter
    return f"<mrow>{markup}<mo lspace='0' rspace='0'>′</mo></mrow>" if name != bare else markup


def _number(text: str) -> str:
    figures, _, power = text.partition("e")
    if power:
        times = "" if figures == "1" else f"<mn>{figures}</mn><mo>⋅</mo>"
        return f"{times}<msup><mn>10</mn><mn>{power.replace('-', '−')}</mn></msup>"
    return f"<mn>{text.replace('x', '×')}</mn>"
