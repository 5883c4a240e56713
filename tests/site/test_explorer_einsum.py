"""The einsum explorer: what it says is what torch.einsum and `plan_einsum` say, and readers can put in their own."""

import contextlib
import itertools
import json
import random
import re
from collections import Counter

import pytest
import torch
from einsum_cases import SPECIAL, random_cases, valid
from places import ROOT

from tensorglass import EinsumError, plan_einsum
from tensorglass.report import NumberColumn

pytestmark = [pytest.mark.long, pytest.mark.site]

LOGIC = ROOT / "docs/_static/explorers/einsum.js"

# Of each case what the page says. Big numbers come as texts.
SAYS = """cases => cases.map(([equation, shapes]) => {
    const {einsum, aboutEinsum: about} = window.tensorglass;
    const told = einsum(equation, shapes);
    if (!told.ok) return {error: told.error, at: told.at, shape: told.shape, letters: told.letters};
    const cell = told.shape.map(size => Math.floor(size / 2)), [best] = about.ways(told);
    return {
        error: told.error, shape: told.shape, letters: told.letters,
        content: about.content(told).slice(0, told.letters.length ? 2 : 1),
        warnings: about.warnings(told), loops: about.loops(told), code: about.torchCode(told),
        steps: about.steps(told).map(step => ({...step, multiplications: `${step.multiplications}`})),
        path: best.path, cost: `${best.multiplications}`, naive: `${about.naive(told)}`,
        terms: {...about.termsOf(told, cell, 100000), count: `${about.termsOf(told, cell, 0).count}`, at: cell},
    };
})"""


def tensors(shapes):
    """Return tensors of small whole numbers, which are added and multiplied without rounding."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(-3, 4, tuple(shape), generator=generator).double() for shape in shapes]


def torch_says(equation, shapes):
    """Return the result of torch.einsum, or its message."""
    try:
        return torch.einsum(equation, *tensors(shapes)), None
    except (RuntimeError, ValueError, LookupError) as error:
        return None, str(error)


def disagreements(case, page):
    """Yield what the page says of a case that torch, the library or Python contradicts."""
    equation, shapes = case
    result, error = torch_says(equation, shapes)
    if error is not None or page["error"] is not None:
        if page["error"] != error:
            yield "error", page["error"], error
        elif not is_marked(equation, shapes, error, page["at"]):
            yield "place", page["at"], error
        return
    plan = plan_einsum(equation, *map(tuple, shapes))
    for name, wanted in library_says(plan).items():
        if json.loads(json.dumps(page[name])) != json.loads(json.dumps(wanted)):
            yield name, page[name], wanted
    if page["shape"] != list(result.shape):
        yield "shape", page["shape"], result.shape
    for name in ("loops", "code"):
        computed = run(page[name], tensors(shapes)).double()
        if not torch.equal(computed, result):
            yield f"values of {name}", computed, result
    yield from wrong_steps(page, tensors(shapes))
    yield from wrong_terms(page["terms"], tensors(shapes), result)


def library_says(plan):
    letters = [
        {"letter": index.letter, "roles": index.roles, "size": index.size, "operands": index.operands}
        for index in plan.indices
    ]
    headline, *rest = plan._content()
    tables = [table(part) for part in rest if not isinstance(part, str) and part.caption == "Indices"]
    return {
        "letters": letters,
        "content": [headline, *tables],
        "warnings": plan.warnings,
        "loops": plan.loops(),
        "path": plan.path,
        "cost": str(plan.cost.multiplications),
    }


def table(part):
    numbers = [column for column in part.header if isinstance(column, NumberColumn)]
    return {"caption": part.caption, "header": part.header, "rows": part.rows, "numbers": numbers}


def run(source, operands):
    names = {}
    exec(source, names)
    return names["contract"](*operands)


def wrong_steps(page, operands):
    """Yield the steps whose result has another shape, or that multiply more or less than the sizes say."""
    names = {f"x{i}": operand for i, operand in enumerate(operands)}
    sizes = {letter["letter"]: letter["size"] for letter in page["letters"]}
    for step in page["steps"]:
        names[step["name"]] = eval(step["code"], {"torch": torch}, names)
        shape = list(names[step["name"]].shape)
        if step["shape"] != shape:
            yield "step", step, shape
        if step["operation"] != "diagonal" and shape != [sizes[letter] for letter in step["letters"]]:
            yield "letters", step, shape  # a diagonal may be stretched later
    if sum(int(step["multiplications"]) for step in page["steps"]) != int(page["cost"]):
        yield "cost", page["steps"], page["cost"]


def wrong_terms(terms, operands, result):
    if result.numel() == 0:
        return
    names = {f"x{i}": operand for i, operand in enumerate(operands)}
    values = [eval(term, {}, names) for term in terms["first"]]
    if sum(values) != result[tuple(terms["at"])] or str(len(values)) != terms["count"]:
        yield "terms", terms, result
    if eval(terms["cell"], {}, {"result": result}) != result[tuple(terms["at"])]:
        yield "cell", terms["cell"], terms["at"]


class Mark:
    """A place in an equation that the page marks: what stands there, in which term, and after what."""

    def __init__(self, equation, at, operands):
        at = len(equation.encode("utf-16-le")[: 2 * at].decode("utf-16-le"))  # JavaScript counts so
        self.left, arrow, _ = equation.partition("->")
        self.output_from = len(self.left) + len(arrow)
        self.at, self.text, self.operands = at, equation[at : at + 1], operands
        self.in_output = bool(arrow) and at >= self.output_from
        self.term = equation[:at].count(",")
        self.before = equation[self.output_from if self.in_output else 0 : at].rpartition(",")[2]

    def begins(self, term):
        """Whether it is the first letter of a term; where that has none, a place in it."""
        empty = not (self.left.split(",") + [""] * 9)[int(term)].strip(" ")
        return self.term == int(term) and not self.before.strip(" ") and (empty or self.text != " ")

    def stands_for(self, letter, term):
        return self.text == letter and self.term == int(term) and not self.in_output

    def is_one_too_many(self):
        return self.text == "," and self.term == self.operands - 1


# Each message of torch.einsum and of opt_einsum, and what is marked in the equation
MESSAGES = {
    r"must specify the equation string and": lambda mark: mark.at == 0,
    r"invalid subscript given at index (\d+)": lambda mark, index: mark.at == int(index),
    r"found '.' for operand (\d) for which an ellipsis was": lambda mark, i: mark.stands_for(".", i),
    r"found '.' for operand (\d) that is not part of": lambda mark, i: mark.stands_for(".", i),
    r"found '.' for output but an": lambda mark: mark.text == "." and mark.in_output and "..." in mark.before,
    r"found '.' for output that is not part of": lambda mark: mark.text == "." and mark.in_output,
    r"fewer operands were": lambda mark: mark.is_one_too_many(),
    r"more operands were": lambda mark: mark.at == len(mark.left),
    r"does not match the number of dimensions .* operand (\d)": lambda mark, i: mark.begins(i),
    r"is more than the number of dimensions .* operand (\d)": lambda mark, i: mark.begins(i),
    r"output subscript (.) does not appear": lambda mark, x: mark.text == x and mark.in_output,
    r"output subscript (.) appears more than once": lambda mark, x: mark.text == x in mark.before and mark.in_output,
    r"subscript (.) is repeated for operand (\d)": lambda mark, x, i: mark.stands_for(x, i) and x in mark.before,
    r"subscript (.) has size \d+ for operand (\d)": lambda mark, x, i: mark.stands_for(x, i),
    r"covered by ellipsis in operand (\d)": lambda mark, i: mark.stands_for(".", i),
    r"can only contain one '->'": lambda mark: mark.text in ("-", ">"),
    r"Invalid Ellipses": lambda mark: mark.text == ".",
    r"list index out of range": lambda mark: mark.stands_for(".", mark.term) and mark.term >= mark.operands,
    r"Ellipses lengths do not match": lambda mark: mark.text == ".",
    r"'(.)' appeared more than once in": lambda mark, x: mark.text in (x, ".") and mark.text in mark.before,
    r"'(.)' did not appear in the input": lambda mark, x: mark.text == x and mark.in_output,
    r"Number of einsum subscripts": lambda mark: mark.is_one_too_many() or mark.at == len(mark.left),
    r"does not contain the correct number .* operand (\d)": lambda mark, i: mark.begins(i),
    r"Size of label '(.)' for operand (\d)": lambda mark, x, i: mark.stands_for(x, i) or mark.stands_for(".", i),
    r"^','$": lambda mark: mark.text == "," and mark.in_output,
}


def is_marked(equation, shapes, error, at):
    """Whether the marked place of the equation is the one that the message is about."""
    pattern = kind_of(error)
    groups = re.search(pattern, error, re.DOTALL).groups()
    return MESSAGES[pattern](Mark(equation, at, len(shapes)), *groups)


def kind_of(error):
    return next(pattern for pattern in MESSAGES if re.search(pattern, error, re.DOTALL))


def differing(window, cases):
    """Yield the disagreements over some cases: the case, and what they are."""
    for some in (cases[i : i + 100] for i in range(0, len(cases), 100)):
        for case, page in zip(some, window.evaluate(SAYS, some), strict=True):
            found = list(disagreements(case, page))
            if found:
                yield case, found


@pytest.fixture
def logic(browser):
    """Open an empty window with the logic alone, as it is or with one place changed."""
    with contextlib.ExitStack() as windows:

        def load(old="", new=""):
            text = LOGIC.read_text("utf-8")
            assert old in text
            window = windows.enter_context(contextlib.closing(browser.new_page()))
            window.add_script_tag(content=text.replace(old, new, 1))
            return window

        yield load


def test_random_equations_are_told_as_torch_and_the_library_tell_them(logic):
    cases = [*SPECIAL, *random_cases(0, 3000)]
    assert list(differing(logic(), cases)) == []
    refused = Counter(kind_of(error) for _, error in itertools.starmap(torch_says, cases) if error is not None)
    assert 1200 < len(cases) - refused.total() < 2000
    assert set(refused) == set(MESSAGES)  # each way to refuse came


def test_large_contractions_take_the_path_and_the_multiplications_of_the_library(logic):
    draw = random.Random(0)
    cases = [valid(draw, (1, 2, 7, 64, 300, 1000)) for _ in range(300)]
    cases = [case for case in cases if plans(*case)]
    assert len(cases) > 250
    found = logic().evaluate(
        """cases => cases.map(([equation, shapes]) => {
            const {einsum, aboutEinsum} = window.tensorglass, [best] = aboutEinsum.ways(einsum(equation, shapes));
            return [`${best.multiplications}`, best.path];
        })""",
        cases,
    )
    for (equation, shapes), (multiplications, path) in zip(cases, found, strict=True):
        plan = plan_einsum(equation, *map(tuple, shapes))
        assert (plan.cost.multiplications, json.loads(json.dumps(plan.path))) == (int(multiplications), path)


def plans(equation, shapes):
    try:
        plan_einsum(equation, *map(tuple, shapes))
    except EinsumError:
        return False
    return True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shapes.length > 2)", "shapes.length > 3)"),
        ("arrow < 0 ? equation.length", "arrow < 1 ? equation.length"),
        ('if (part !== " ") yield', "yield"),
        ("terms.length < count", "terms.length <= count"),
        ("terms.length === count, ", "true, "),
        ("!letters.includes(ELLIPSIS), `${found}", "true, `${found}"),
        ("part === ELLIPSIS, `${found}", "true, `${found}"),
        ("/^[A-Za-z]$/", "/^[A-Za-z1]$/"),
        ("dots ? named <= shape.length", "dots ? named < shape.length"),
        (": named === shape.length", ": named <= shape.length"),
        ("places[0] ?? at);", "at);"),
        ('!output.includes(ELLIPSIS), "einsum', 'true, "einsum'),
        ('part === ELLIPSIS, "einsum', 'true, "einsum'),
        ("check(known, `${said} does", "check(true, `${said} does"),
        ("check(!output.includes(part)", "check(true"),
        ("all.indexOf(letter) === all.lastIndexOf(letter)", "true"),
        ("...once.sort()", "...once"),
        ("[...(all.includes(ELLIPSIS) ? [ELLIPSIS] : []), ...once.sort()]", "once.sort()"),
        ("rank - covered + i", "i"),
        ("size === own.get(letter)", "true"),
        ("size === 1 || known === 1 || size === known, isDots", "known === 1 || size === known, isDots"),
        ("size === 1 || known === 1 || size === known, isDots", "size === 1 || size === known, isDots"),
        ("dimension ${own.size}", "dimension ${axis}"),
        ("sizes.set(letter, size === 1 ? known : size)", "sizes.set(letter, size)"),
        ("places[axis - covered + 1]", "places[axis]"),
        ("check(!stray", "check(true"),
        ("count === 3 && ", ""),
        ("&& textOf(term).includes(ELLIPSIS)", ""),
        ('check(i < shapes.length, "list', 'check(true, "list'),
        ("covered >= 0", "true"),
        ("shapes[i].length && shapes", "shapes"),
        ("if (!used.includes(symbol))", "if (true)"),
        ("unused.slice(-count)", "unused.slice(0, count)"),
        ("Math.max(longest, covered)", "covered"),
        ("same.length === 1", "true"),
        ("known.includes(text)", "true"),
        ("inputs.length === shapes.length", "true"),
        ("term.length === shapes[operand].length", "true"),
        ("(${known}) ` +", "(${size}) ` +"),
        ("known === 1 ? size : known", "size"),
        ("check(!comma", "check(true"),
        ('operands.length > 1 ? "batch"', 'operands.length > 2 ? "batch"'),
        ('!output.includes(letter) ? "summed"', 'operands.length > 1 ? "summed"'),
        ('roles.push("diagonal")', 'roles.push("free")'),
        ("!== size)) roles.push", "=== 1)) roles.push"),
        ("if (gone.length) {", "if (gone.length > 1) {"),
        ("size !== 1 && !isDots", "!isDots"),
        (".size > 1) {", ".size > 0) {"),
        ('(roles[0] === "summed" ?', '(roles[0] === "batch" ?'),
        ('roles.includes("broadcast") && !isDots(letter)', 'roles.includes("broadcast")'),
        ("(!operands.includes(i) || sizeIn(told, i, letter) === 1)", "sizeIn(told, i, letter) === 1"),
        ("inOne === undefined || inOther === undefined", "inOne === undefined"),
        ("shape[i] === sizes.get(letter) ? value(letter) : 0", "value(letter)"),
        ('"()"}]`', '""}]`'),
        ("`${name}[${indices", "`${name}[${indices.reverse"),
        ("[...summed].reverse()", "summed.slice(0, 1)"),
        ("first.length < count", "true"),
        ("|| order(a.elements, b.elements)", ""),
        ("order(a.multiplications, b.multiplications) ||", ""),
        ("needed.has(letter) || (first.includes", "(first.includes"),
        ("[...output, ...left.flat()]", "output"),
        ("letters.indexOf(letter) < i", "false"),
        ("diagonal(0, ${first}, ${second})", "diagonal(0, 0, ${second})"),
        ("gone.length ? step", "gone.length > 1 ? step"),
        ("!needed.has(letter) && !other.letters.includes(letter)", "false"),
        ("[summed(x, alone(x, y), step), summed(y, alone(y, x), step)]", "[x, summed(y, alone(y, x), step)]"),
        ("if (!inner.length) {", "if (false) {"),
        ("batch.length + inner.length > 1) {", "batch.length > 7) {"),
        ("code += `.unsqueeze(${place})`", "code += ``"),
        ("if (first < 0) return code", "if (first <= 0) return code"),
        ("merged(at + rows.length, inner) + merged(at, rows)", "merged(at, rows) + merged(at + rows.length, inner)"),
        ("merged(at + inner.length, columns) + ", ""),
        ('".unsqueeze(-2)" : ""', '"" : ""'),
        ('".unsqueeze(-1)" : ""', '"" : ""'),
        ("unmerged(told, at + (rows.length ? 1 : 0), columns)", "unmerged(told, at + 1, columns)"),
        ("rest.letters.join() !== told.output.join() || !made.length", "!made.length"),
        ("rest.letters.join() !== told.output.join() || !made.length", "rest.letters.join() !== told.output.join()"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(logic, old, new):
    try:
        found = next(differing(logic(old, new), [*SPECIAL, *random_cases(1, 1500)]), None)
    except Exception as error:  # it does not even run
        found = error
    assert found is not None
