"""Which function works on which kind of thing, found by calling each with each, as "What it works on" shows it.

`python tests/library/works_on/table.py` writes the page's tables anew; a test compares them with what is found.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "works_on.md"
OUTCOMES = WORKS, REFUSES, NOT_SEEN, NOTHING = "works", "refuses", "not seen", "not in torch"


@dataclass(frozen=True)
class Kind:
    """A kind of tensor or model: how one is made, and the bytes that it holds, on this process if on several."""

    make: Callable[[], Any]
    nbytes: int


#: Returns whether the answer about a thing is right, `NOT_SEEN` if it passes the thing over and says so, and `NOTHING`
#: where torch cannot do what is asked about.
Question = Callable[[Any, Kind], bool | str]


def cell(function: str, question: Question, kind: Kind) -> str:
    """Return what becomes of a question: it is answered, refused in a sentence, or the thing is passed over.

    What is raised must begin with the name of the function. Any other error came from inside, and is raised again.
    """
    try:
        found = question(kind.make(), kind)
    except (TypeError, ValueError, RuntimeError) as error:
        if not re.match(rf"{function}\(\) ", str(error)):
            raise
        return REFUSES
    if found is False:
        raise AssertionError(f"{function}() answers wrongly")
    return WORKS if found is True else found


def row(kind: Kind, functions: Mapping[str, Question]) -> list[str]:
    """Return the cells of a kind: which functions work on it, refuse it, pass it over, and have nothing to answer."""
    found = {name: cell(name, question, kind) for name, question in functions.items()}
    others = [[f"`{name}`" for name in functions if found[name] == outcome] for outcome in OUTCOMES[1:]]
    works = "all others" if any(others) else "all"
    return [works if WORKS in found.values() else "none", *map(", ".join, others)]


def table(kinds: Mapping[str, Kind], functions: Mapping[str, Question]) -> str:
    """Return the table in Markdown: a row for each kind, a column for each outcome."""
    lines = [["kind", *OUTCOMES], ["---"] * (len(OUTCOMES) + 1)]
    lines += [[name, *row(kind, functions)] for name, kind in kinds.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(name: str) -> dict[str, list[str]]:
    """Return the rows of a table as the page shows them."""
    lines = _between(name).search(PAGE.read_text("utf-8"))[2].splitlines()
    cells = ([each.strip() for each in line.removeprefix("|").removesuffix("|").split("|")] for line in lines[2:])
    return {kind: answers for kind, *answers in cells}


def _between(name: str) -> re.Pattern[str]:
    begin, end = ":::{table}\n:class: works-on\n\n", ":::\n\n"
    return re.compile(rf"(<!-- {name} -->\n\n{begin})(.*?)({end}<!-- end of {name} -->)", re.DOTALL)


def main() -> None:
    """Write both tables into the page."""
    import models
    import tensors

    text = PAGE.read_text("utf-8")
    for name, module in (("tensors", tensors), ("models", models)):
        made = table(module.KINDS, module.FUNCTIONS)
        text = _between(name).sub(lambda found, made=made: found[1] + made + found[3], text)
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    warnings.simplefilter("ignore")  # torch says of several kinds that they are prototypes
    main()
