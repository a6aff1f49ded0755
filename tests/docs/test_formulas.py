"""Formulas of docstrings come out as mathematics, and what cannot is code."""

import re
from xml.etree import ElementTree as ET

import pytest

import docs.shelves as pages
from docs.docstrings import Docstring
from docs.formulas import CODE, is_formula, prose, typeset
from striate import catalog, zoo

STAYS_CODE: set[str] = set()
"""Concepts with a formula that the notation does not cover."""


def flat(markup):
    """Mathematics on one line again, in a form that shows how it was read: {1/x} a fraction, x_[i], x^[2]."""

    def read(node):
        parts = [read(child) for child in node]
        inside = "".join(
            [node.text or "", *(part + (child.tail or "") for part, child in zip(parts, node, strict=True))]
        )
        return {
            "mfrac": lambda: f"{{{parts[0]}/{parts[1]}}}",
            "msub": lambda: f"{parts[0]}_[{parts[1]}]",
            "msup": lambda: f"{parts[0]}^[{parts[1]}]",
            "munder": lambda: f"{parts[0]}_[{parts[1]}]",
            "msqrt": lambda: f"√[{inside}]",
            "mtr": lambda: f"{' '.join(parts)};",
            "br": lambda: "/",
        }.get(node.tag, lambda: inside)()

    invisible = {ord(sign): "" for sign in "\u2061\u2062"} | {0xA0: " ", 0x2003: " "}
    return read(ET.fromstring(f"<p>{markup}</p>")).translate(invisible)  # noqa: S314  (our own)


CASES = {
    "y[f,i] = b[f] + sum over c,u of w[f,c,u] * x[c, i*s+u*d-p]": "y_[f,i]=b_[f]+∑_[c,u]w_[f,c,u]⋅x_[c,i⋅s+u⋅d−p]",
    "y = 1 / (1 + e^-x)": "y={1/1+e^[−x]}",
    "y[j] = e^x[j] / sum over i of e^x[i]": "y_[j]={e^[x_[j]]/∑_[i]e^[x_[i]]}",
    "y = gamma * (x - mean) / sqrt(var + eps) + beta": "y={γ⋅(x−mean)/√[var+ε]}+β",
    "w <- w - r*g / (sqrt(v) + epsilon)": "w←w−{r⋅g/√[v]+ε}",
    "h' = floor((h + 2p - k)/s) + 1": "h′=⌊{h+2p−k/s}⌋+1",
    "y[c] = (1/l) sum over i of x[c,i]": "y_[c]=({1/l})∑_[i]x_[c,i]",
    "y[c,i] = max over u of x[c, i*s+u-p]": "y_[c,i]=max_[u]x_[c,i⋅s+u−p]",
    "w ~ N(0, s**2),  s = sqrt(2 / fan_in),  none beyond 2*s/0.8796": "w∼N(0,s^[2]), s=√[{2/fan_in}], none beyond {2⋅s/0.8796}",
    "m <- beta_1*m + (1 - beta_1)*g": "m←β_[1]⋅m+(1−β_[1])⋅g",
    "u_(t+1) <= U_t": "u_[t+1]≤U_[t]",
    "y = x where x > 0, a*x elsewhere": "y=x where x>0, a⋅x elsewhere",
    "loss = max(0, m - c*x),  gradient -c where c*x < m, else 0": "loss=max(0,m−c⋅x), gradient −c where c⋅x<m, else 0",
    "loss = max(0, max over k != c of (x[k] + m) - x[c])": "loss=max(0,max_[k≠c](x_[k]+m)−x_[c])",
    "perplexity = exp(mean of -log p[y])": "perplexity=exp(mean(−logp_[y]))",
    "IoU[k] = |A and B| / |A or B|,  A and B sets": "IoU_[k]={|A∩B|/|A∪B|}, A and B sets",
    "E[d**2] = c": "E[d^[2]]=c",
    "h[t] = tanh(w x[t] + r h[t-1] + b)": "h_[t]=tanh(wx_[t]+rh_[t−1]+b)",
    "q = 0 ... m-1": "q=0,…,m−1",
    "y = x1 + x2 + ...": "y=x_[1]+x_[2]+…",
    "R = (cos a, sin a; -sin a, cos a)": "R=(cosa sina;−sina cosa;)",
    "x' = x + a,    a uniform from -factor to factor": "x′=x+a, a uniform from −factor to factor",
    "precision = (yes that is right) / (all yes)": "precision={yes that is right/all yes}",
    "y[f,a] = sum over c and over i,u with i*s+u = a of w[c,u]": "y_[f,a]=∑_[c and over i,u with i⋅s+u=a]w_[c,u]",
    "[s = k*] - [s = c]": "[s=k^[*]]−[s=c]",
    "loss = a - y * log(a + 1e-7)": "loss=a−y⋅log(a+10^[−7])",
    "(outputs, inputs, *kernel) -> (n,)": "(outputs,inputs,*kernel)→(n,)",
    "any -> the same": "any → the same",
    "v = a,\nw <- b": "v=a,/w←b",
    "m = pixels of a window of 3x3": "m=pixels of a window of 3x3",
    "f if c = f (counted within its group)": "f if c=f (counted within its group)",
}


@pytest.mark.parametrize("line", CASES, ids=list(CASES))
def test_a_line_is_read_as_it_is_meant(line):
    found = typeset(line)
    assert found is not None
    assert re.sub(r" +", " ", flat(found)).replace(" ,", ",") == CASES[line]


@pytest.mark.parametrize("line", ["y = = x", "y = x[i", "y = (x", "y = x ** ", "y = * x", "x @ y = 3 ^", "a | b = c"])
def test_what_is_not_in_the_notation_stays_code(line):
    assert typeset(line) is None
    if is_formula(line):
        assert pages.paragraph_of(line) == f"```text\n{line}\n```\n"


def test_prose_keeps_its_letters_and_its_code():
    assert prose("A rate of a half: see `keep_rate`.") == f"A rate of a half: see {CODE}keep_rate</code>."
    assert prose("What is < 1 and _odd_.") == "What is &lt; 1 and _odd_."
    assert flat(prose("Where a book writes 1/2 * w**2 it is half.")) == "Where a book writes {1/2}⋅w^[2] it is half."
    assert prose("With trainable=False it stays.") == f"With {CODE}trainable=False</code> it stays."
    assert not is_formula("There is no derivative where a = y; 0 is taken.")


def everything():
    for shelf in sorted(catalog.shelves()):
        for name, concept in sorted(catalog.members(shelf).items()):
            if concept.__module__.startswith("striate."):
                yield pytest.param(concept, id=f"{shelf}-{name}")
    for name, entry in zoo.members().items():
        yield pytest.param(entry.make, id=f"zoo-{name}")


@pytest.mark.parametrize("concept", list(everything()))
def test_every_formula_of_the_shelves_is_set(concept):
    said = Docstring.of(concept)
    texts = [text for text in said.paragraphs if is_formula(text)]
    texts += [said.sections[label].replace("\n", " ") for label in ("Shape", "Cost") if label in said.sections]
    set_so = [typeset(text) for text in texts]
    assert (None in set_so) == (concept.__name__ in STAYS_CODE), texts[set_so.index(None)] if None in set_so else ""
    for markup in set_so:
        assert markup is None or flat(markup)


def test_signs_of_markdown_in_a_meaning_are_shown():
    assert pages.plain("a*b_c | `d*e`") == r"a\*b\_c \| `d*e`"
