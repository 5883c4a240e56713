"""Counter-programs: lines that make a claim of a page false. The check after the claim must fail under them.

A false twin of an assert shows that the assert can fail. It does not show that it would fail if the claim were false:
``assert x.numel() == 3`` notices each other number, and nothing of a claim about memory. So each page names, in
``counter_programs/PAGE.toml``, a line for each of its short answers and rules, and for each of its claims in
`docs/claims.toml`:

    [[counter_program]]
    check = "assert total.tolist() == to_each_row"  # the statement that must fail, or its first lines
    instead_of = "total = matrix + vector"          # what is replaced, before the check
    line = "total = matrix + vector[:, None]"       # what stands there now

Without `instead_of` the line runs before the block of the check. The page runs as it stands up to that line, and then,
in a fork, to the check, which must fail or be refused by torch. Checks on the way may fail, and are passed over.

``python tests/mutants/counter_programs.py PAGE ...`` tries those of some pages.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import textwrap
import tomllib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from _ext.law.rules import Passage, checks_in, passages_of
from _ext.sources.blocks import Block, read_page
from _ext.sources.pages import executed
from forks import run_in_forks
from ledger import ROOT

FOLDER = Path(__file__).with_suffix("")
CLAIMS = ROOT / "docs" / "claims.toml"
KEYS = {"check", "instead_of", "line"}
# The sections of a page whose claims need a counter-program, and the words in bold that make such a claim elsewhere.
SECTIONS = {"Short answer", "Why", "The law", "The claim"}
BOLD = ("**Short answer", "**Rule")


@dataclass(frozen=True)
class CounterProgram:
    """A line that makes a claim false, and the check that must notice; `instead_of` is empty where it is added."""

    check: str
    line: str
    instead_of: str = ""


def file_of(page: Path) -> Path:
    """Return where the counter-programs of a page stand."""
    return FOLDER / f"{page.stem}.toml"


def read(page: Path) -> list[CounterProgram]:
    """Return the counter-programs of a page."""
    file = file_of(page)
    if not file.exists():
        return []
    programs = []
    for entry in tomllib.loads(file.read_text("utf-8"))["counter_program"]:
        if not {"check", "line"} <= entry.keys() <= KEYS:
            raise ValueError(f"{file.name}: an entry has the keys {', '.join(entry)}; expected check, line, instead_of")
        programs.append(CounterProgram(**{key: textwrap.dedent(text).strip("\n") for key, text in entry.items()}))
    return programs


def missing(page: Path) -> Iterator[str]:
    """Yield what of a page has no counter-program: its short answers and rules, and its claims in `claims.toml`."""
    programs, sections = read(page), dict[tuple[str, ...], list[Block]]()
    for passage in filter(is_to_be_refuted, passages_of(read_page(page))):
        sections.setdefault(passage.titles, []).append(Block(is_code=True, text=passage.code_after or "", line=1))
    for titles, code in sections.items():
        if not any(_lines_of(each.check, code) for each in programs):
            yield f"no counter-program for what {titles[-1]!r} says"
    checks = {_plain(each.check) for each in programs}
    for claim in tomllib.loads(CLAIMS.read_text("utf-8"))["claim"]:
        if claim["page"] == page.stem and _plain(claim["check"]) not in checks:
            yield f"no counter-program for the claim {claim['said']!r}"


def is_to_be_refuted(passage: Passage) -> bool:
    """Whether a passage is a short answer or a rule, with a check behind it."""
    marked = bool(SECTIONS & set(passage.titles)) or passage.text.lstrip().startswith(BOLD)
    return passage.makes_claim and marked and bool(passage.code_after)


def survivors_of_counter_programs(page: Path) -> tuple[int, list[str]]:
    """Return how many counter-programs a page has, and those under which the check does not fail; also what lacks one.

    The page runs in this process, and leaves things behind in it: each page needs a process of its own.
    """
    programs, blocks = read(page), read_page(page)
    absent = [f"{page.name}: {text}" for text in missing(page)]
    survived = list(absent)
    trials = [trial_of(each, blocks) for each in programs]
    names = {"__name__": "__main__"}
    for number, block in enumerate(blocks):
        tasks = {trial: partial(trial.outcome, names, page) for trial in trials if trial.start == number}
        for trial, outcome, _ in run_in_forks(tasks):
            if outcome != "noticed":
                said = outcome or "the process died"
                survived.append(f"{page.name}: {trial.program.check!r} under {trial.program.line!r}: {said}")
        if block.is_code:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(_in_place(block), page.name, "exec"), names)
    return len(programs) + len(absent), survived


@dataclass(frozen=True)
class Trial:
    """A page with a counter-program put in: it differs from block `start` on, and ends at the check."""

    program: CounterProgram
    blocks: tuple[Block, ...]
    start: int
    end: int
    checked: range  # the lines of the check

    def outcome(self, names: dict[str, object], page: Path) -> str:
        """Run the page from where it differs, in this process, with the names that it has by then."""
        with contextlib.redirect_stdout(io.StringIO()):
            for block in self.blocks[self.start : self.end + 1]:
                for statement in ast.parse(_in_place(block)).body if block.is_code else ():
                    try:
                        exec(compile(ast.Module([statement], []), page.name, "exec"), names)
                    except (AssertionError, RuntimeError) as error:
                        frames = traceback.extract_tb(error.__traceback__)
                        if any(at.filename == page.name and at.lineno in self.checked for at in frames):
                            return "noticed"
                        if not isinstance(error, AssertionError):
                            return f"{_first_line(statement)} raises {type(error).__name__}: {error}"
                    except Exception as error:
                        return f"{_first_line(statement)} raises {type(error).__name__}: {error}"
        return "nobody notices"


def trial_of(program: CounterProgram, blocks: list[Block]) -> Trial:
    """Put a counter-program into a page."""
    found = _lines_of(program.check, blocks)
    if not found:
        raise ValueError(f"no check begins with {program.check!r}")
    end, first = found[0]
    if program.instead_of:
        places = [(b, line) for b, line in _places(program.instead_of, blocks) if (b, line) < (end, first)]
        if len(places) != 1:
            raise ValueError(f"{program.instead_of!r} stands {len(places)} times before the check; expected once")
        start, line = places[0]
        changed = _replaced(blocks[start], line, program.instead_of.count("\n") + 1, program.line)
    else:
        start = end
        changed = replace(blocks[end], text=f"{program.line}\n{blocks[end].text}")
    page = (*blocks[:start], changed, *blocks[start + 1 :])
    begins = next(line for b, line in _places(program.check, list(page)) if b == end)
    return Trial(program, page, start, end, _extent(page[end], begins, program.check))


def _replaced(block: Block, line: int, count: int, new: str) -> Block:
    lines = block.text.split("\n")
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    lines[line : line + count] = textwrap.indent(new, indent).split("\n")
    return replace(block, text="\n".join(lines))


def _extent(block: Block, begins: int, check: str) -> range:
    """Return the lines in the file of the checks that begin in these lines of a block."""
    wanted = range(begins + 1, begins + 2 + check.strip().count("\n"))
    inside = [node for node in ast.walk(ast.parse(block.text)) if getattr(node, "lineno", 0) in wanted]
    last = max(node.end_lineno for node in inside)
    return range(block.line + begins, block.line + last)


def _first_line(statement: ast.stmt) -> str:
    return repr(ast.unparse(statement).splitlines()[0])


def _in_place(block: Block) -> str:
    return "\n" * (block.line - 1) + block.text


def _lines_of(check: str, blocks: list[Block]) -> list[tuple[int, int]]:
    """Return where a check begins: the numbers of the block, and of the line in it."""
    starts = {i: {node.lineno - 1 for node in checks_in(b.text)} for i, b in enumerate(blocks) if b.is_code}
    return [(b, line) for b, line in _places(check, blocks) if line in starts[b]]


def _places(code: str, blocks: list[Block]) -> list[tuple[int, int]]:
    """Return where these lines stand, whatever their white space."""
    wanted, found = _plain(code), []
    for number, block in enumerate(blocks):
        lines = _plain(block.text, strip=False) if block.is_code else []
        found += [(number, i) for i in range(len(lines)) if tuple(lines[i : i + len(wanted)]) == wanted]
    return found


def _plain(code: str, *, strip: bool = True) -> tuple[str, ...]:
    return tuple(" ".join(line.split()) for line in (code.strip() if strip else code).split("\n"))


def main(names: list[str]) -> int:
    failed = 0
    pages = [page for page in executed(ROOT).values() if not names or page.stem in names]
    for page, answer, seconds in run_in_forks({page: partial(survivors_of_counter_programs, page) for page in pages}):
        count, survived = answer or (0, [f"{page.name} itself failed, see above"])
        print(f"{page.stem}: {count} counter-programs, {len(survived)} not noticed ({seconds:.0f} s)", flush=True)
        for text in survived:
            print("SURVIVED", text, flush=True)
        failed += len(survived)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
