"""Rules on the numbers in the text: each is found in an output, or declared as a constant."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from decimal import Decimal

from tools.notebook import Cell, Notebook, without_code
from tools.rules.base import CITED, PROSE, Finding, rule, table, visible


def squeeze(text: str) -> str:
    """One space between words, one kind of minus: differences a reader does not see."""
    return re.sub(r"\s+", " ", text.replace("\u2212", "-").replace("\u2011", "-"))


# --- bold: exactly as in an output of the section --------------------------------------------------------

NUMBER = r"[¥$€£]?\s?[+\-]?[¥$€£]?\d(?:[\d,.\u202f]|\s(?=\d{3}\b))*"
CLAIM = re.compile(
    rf"[~≈<>≤≥±]?\s?{NUMBER}(?:\s?[%‰])?(?:\s(?:to|of|and|-|–)\s{NUMBER}(?:\s?[%‰])?|–{NUMBER}(?:\s?[%‰])?)?"
    r"(?:\s[A-Za-z¥$€/·²-]+){0,4}"
)

NUMBER_IN_WORDS = re.compile(r"(?<![\w./–-])\d(?:[\d,.]*\d)?(?:\s?%)?(?![\w/°])")


@rule("prose-number", PROSE, "copy the number as it stands in the output, or put in bold only what stands there")
def prose_number(nb: Notebook) -> Iterator[Finding]:
    """A bold number in prose stands, exactly so, in an output above it in the same section."""
    seen, heading = "", ""
    for cell in nb.cells:
        if cell.heading != heading:
            seen, heading = "", cell.heading
        if cell.type == "code":
            seen += " ".join(squeeze(f" {visible(o)} {'' if o.is_figure else o.plain} ") for o in cell.outputs)
            continue
        for bold in re.findall(r"\*\*([^*\n]+)\*\*", without_code(cell.source)):
            claim = squeeze(bold.strip().rstrip(".,;:"))
            if re.fullmatch(r"\d+[.)]", bold.strip()):
                continue
            # "**42.1 %**" must stand as it is; of "**31,943 orders by 6,800 members**" each number must
            claims = [claim] if CLAIM.fullmatch(claim) else NUMBER_IN_WORDS.findall(claim)
            for number in claims:
                if not re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", seen):
                    yield cell.number, f"says **{bold}**, but no output above it in this section shows {number}"


# --- not bold: in any output above, or a constant --------------------------------------------------------

VALUE = r"\d{1,3}(?:[, \u202f\u00a0]\d{3})+(?:\.\d+)?(?!\d)|\d*\.\d+|\d+"
PER_CENT = r"\s?(?:%|‰|per\s?cent\b|percentage points?\b)"
TOKEN = re.compile(rf"(?<![\w.])(?<!\d,)({VALUE})({PER_CENT})?(?![\w/]|\.\d)")
RANGE = re.compile(rf"(?<![\w.])({VALUE})(?:\s?[–-]\s?|\s(?:to|and|or)\s)[-−]?(?=(?:{VALUE}){PER_CENT})")
# What looks like a number of ours and is a name, a date or a convention.
NOT_A_CLAIM = re.compile(
    r"\]\([^)]*\)|<[^>]*>"  # addresses of links, HTML
    r"|\$\$.*?\$\$|(?<![\w\\])\$[^$\n]+\$"  # mathematics
    r"|\b\d{4}-\d\d(?:-\d\d)?\b|\b(?:1[89]|20)\d\d[–/-](?:1[89]|20)?\d\d\b"  # dates, spans of years
    r"|\b(?:chapters?|sections?|tables?|figures?|pages?|versions?|Python|pandas|eq\.|no\.|pp?\.|§)\s?\d[\d.]*",
    re.DOTALL | re.IGNORECASE,
)
# In a sentence on an interval these are its level.
LEVEL = re.compile(r"\b(?:90|95|99)(?: |\u00a0)?%")
ON_AN_INTERVAL = re.compile(r"interval|confidence|margins? of error|\bbands?\b|bootstrap|coverage|[Ff]igure:.*cross")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"'*¥\[\d])|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.)\s?)")


def decimal(text: str) -> Decimal:
    return Decimal(re.sub(r"[, \u202f\u00a0]", "", text))


def is_claim(text: str, per_cent: bool) -> bool:
    """Decimals, percentages and thousands have to come from somewhere; years, counts and ids need not."""
    if per_cent:
        return decimal(text) != 100
    if re.fullmatch(r"\d\d\.\d\d", text):
        return text not in {row["id"] for row in table("instruments")}
    if re.fullmatch(r"(?:1[89]|20)\d\d", text):
        return False
    return "." in text or len(re.sub(r"\D", "", text)) > 3


def claims(text: str) -> list[tuple[str, Decimal, bool]]:
    """(as written, value, is a percentage) of each number of a text that needs a source."""
    text = NOT_A_CLAIM.sub(" ", text)
    if ON_AN_INTERVAL.search(text):
        text = LEVEL.sub(" ", text)
    first_of_range = {match.start(1) for match in RANGE.finditer(text)}
    found = []
    for match in TOKEN.finditer(text):
        per_cent = bool(match[2]) or match.start(1) in first_of_range
        if is_claim(match[1], per_cent):
            found.append((match[0].strip(), decimal(match[1]), per_cent))
    return found


def sentences(cell: Cell) -> Iterator[str]:
    """The sentences whose numbers are checked: no code, nothing bold (it has its own rule), no quoted source."""
    text = without_code(cell.source)
    if cell.heading.startswith("Recap"):
        text = text.partition("References")[0]
    text = re.sub(r"\*\*[^*\n]+\*\*", " ", text)
    if cell.heading.lower().startswith("what the books claim"):  # the left column is what they say
        text = re.sub(r"^\s*\|[^|\n]*\|", "|", text, flags=re.MULTILINE)
    for sentence in SENTENCE.split(text):
        if sentence.strip() and not CITED.search(sentence):
            yield sentence


def shown_numbers(cell: Cell) -> set[Decimal]:
    """The values in a cell's outputs, a percentage also as a share."""
    found = set()
    for output in cell.outputs:
        text = squeeze(f"{visible(output)} {'' if output.is_figure else output.plain}")
        for value, per_cent in re.findall(rf"(?<![\w.])({VALUE})(\s?%)?", text):
            found.add(decimal(value))
            if per_cent:
                found.add(decimal(value) / 100)
    return found


def literals(cell: Cell) -> set[Decimal]:
    """The numbers written in a cell's code."""
    return {
        Decimal(str(node.value))
        for node in cell.nodes
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }


def rounds_to(value: Decimal, per_cent: bool, shown: set[Decimal]) -> bool:
    """Whether a number shown, rounded, is this one: for what is read off a picture."""
    step = Decimal(1).scaleb(int(value.as_tuple().exponent))
    near = shown | {number * 100 for number in shown} if per_cent else shown
    return any(abs(number - value) * 2 <= step for number in near)


def declared(nb: Notebook) -> dict[str, Decimal]:
    """The constants of metadata.crmlab.constants, as written → value."""
    found = {}
    given = nb.meta.get("constants")
    for key in given if isinstance(given, dict) else ():
        match = re.search(VALUE, key)
        if match:
            found[key] = decimal(match[0])
    return found


def following_code(nb: Notebook, cell: Cell) -> Iterator[Cell]:
    """The code cells between this cell and the next text."""
    return itertools.takewhile(lambda other: other.type == "code", nb.cells[cell.number :])


@rule(
    "number-source",
    PROSE,
    "print it in a cell above (and set it in bold, in its section); or it is a constant: write it as $…$, in the "
    "code cell it is for, in a sentence that names its source (Author, year), or in metadata.crmlab.constants",
)
def number_source(nb: Notebook) -> Iterator[Finding]:
    """Every decimal, percentage and thousand that is not bold is shown above, or is a constant."""
    constants = set(declared(nb).values())
    shown: set[Decimal] = set()
    section: set[Decimal] = set()  # shown in this section
    written: set[Decimal] = set()  # literals of this section's code
    heading = ""
    for cell in nb.cells:
        if cell.heading != heading:
            section, written, heading = set(), set(), cell.heading
        if cell.type == "code":
            here = shown_numbers(cell)
            shown, section, written = shown | here, section | here, written | literals(cell)
            continue
        if cell.number == 1:
            continue
        known = shown | constants | written.union(*map(literals, following_code(nb, cell)))
        for sentence in sentences(cell):
            picture = "*Figure:" in cell.source.partition(sentence)[0] + sentence[:12]
            for text, value, per_cent in claims(sentence):
                if value in known or (per_cent and value / 100 in known):
                    continue
                if picture and rounds_to(value, per_cent, section):
                    continue
                yield cell.number, f"says {text}, which no output above shows: “{excerpt(sentence, text)}”"


def excerpt(sentence: str, text: str) -> str:
    """The words around a number, on one line."""
    line = " ".join(sentence.split())
    at = max(line.find(text) - 25, 0)
    return line[at : at + 60].strip()


@rule("constants", PROSE, '"constants": {"64,000": "accounts, the textbook\'s example"}; remove what is not used')
def constants_used(nb: Notebook) -> Iterator[Finding]:
    """Every constant in metadata.crmlab.constants is a number, says what it is, and stands in the text."""
    given = nb.meta.get("constants")
    values = declared(nb)
    text = "\n".join(cell.source for cell in nb.prose[1:])
    stated = {decimal(match[1]) for match in TOKEN.finditer(text)}
    for key, meaning in given.items() if isinstance(given, dict) else ():
        if key not in values:
            yield None, f"metadata.crmlab.constants has {key!r}, which is no number"
        elif not isinstance(meaning, str) or len(meaning.split()) < 2:
            yield None, f"metadata.crmlab.constants does not say what {key!r} is"
        elif values[key] not in stated:
            yield None, f"metadata.crmlab.constants has {key!r}, which stands nowhere in the text"
