"""The einsum explorer: what it says is what torch.einsum and `plan_einsum` say, and readers can put in their own."""

import gzip
import itertools
import json
import random
import re
import subprocess
import sys
from collections import Counter

import pytest
import torch
from einsum_cases import SPECIAL, random_cases, valid
from explored import opened_by_link, pages_loading
from looks import overflow, violations
from places import ROOT

from tensorglass import EinsumError, plan_einsum
from tensorglass.report import NumberColumn

pytestmark = [pytest.mark.long, pytest.mark.site]

LOGIC = ROOT / "docs/_static/explorers/einsum.js"
PAGE = "auto_examples/einsum/matmul_einsum"

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
        self.left, arrow, _ = [*re.split("(- *>)", equation, maxsplit=1), "", ""][:3]  # opt_einsum takes out spaces
        self.output_from = len(self.left) + len(arrow)
        self.at, self.text, self.operands = at, equation[at : at + 1], operands
        self.in_output = bool(arrow) and at >= self.output_from
        self.term = equation[:at].count(",")
        self.before = equation[self.output_from : at] if self.in_output else equation[:at].rpartition(",")[2]

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


# What is said beside, and what is read

CONTENT = """([equation, shapes]) => {
    const {einsum, aboutEinsum} = window.tensorglass;
    return aboutEinsum.content(einsum(equation, shapes)).filter(part => typeof part === "string").slice(1);
}"""
ORDERS = "Two operands at a time there are"
SENTENCES = [
    (
        "ij,jk->ik",
        [[2, 3], [3, 4]],
        ["24 multiplications if all letters run in one nest of loops, 24 in the calls above"],
    ),
    ("ij,j->", [[2, 1], [3]], ["warning: index j has size 1 in operand 0", "The letter i stands in operand 0 alone"]),
    ("ba", [[2, 3]], ["No output is written, so it is “ab”: the ellipsis", "No two numbers are multiplied."]),
    ("...b,Ba", [[5, 6, 2], [2, 3]], ["is “...Bab”:", "2 axes: ...0 of size 5, ...1 of size 6. They broadcast, al"]),
    ("...i->i", [[2, 3]], ["covers axes of size 2,", "The ellipsis covers 1 axis: ...0 of size 2. It broadcasts; wh"]),
    ("ii->i", [[3, 3]], ["The letter i is repeated in operand 0: of these axes only the diagonal is read."]),
    ("ij,jk,kl", [[2, 3], [3, 4], [4, 5]], ["takes 64, as in the plan of plan_einsum; the dearest takes 240."]),
    (
        "i,i,i,i->",
        [[2]] * 4,
        [f"6 multiplications if all letters run in one nest of loops. {ORDERS} 18 orders: x0 with x1,"],
    ),
    ("i,i,i,i->", [[2]] * 4, ["x2 with x3, then (x0 with x1) with that takes 6", "so do all others."]),
    ("i,j,i->ij", [[2], [3], [2]], [f"{ORDERS} 3 orders: x0 with x2, then x1 with that takes 8,"]),
]
NOT_SAID = ["ij,jk->ik", "ij,j->"], ["ellipsis", "diagonal", "No output"]  # what these have nothing of
CODE = """([equation, shapes]) => {
    const {einsum, aboutEinsum} = window.tensorglass;
    return aboutEinsum.torchCode(einsum(equation, shapes));
}"""
PLAIN_CODE = [
    ("ij,jk->ik", [[2, 3], [3, 4]], "x0 @ x1"),
    ("bqhd,bkhd->bhqk", [[8, 128, 4, 64]] * 2, "x0.permute(0, 2, 1, 3) @ x1.permute(0, 2, 3, 1)"),
    ("hbqd,hbkd->bhqk", [[4, 8, 5, 3], [4, 8, 6, 3]], "x0.permute(1, 0, 2, 3) @ x1.permute(1, 0, 3, 2)"),
    ("bi,bi->b", [[2, 3], [2, 3]], "(x0 * x1).sum(1)"),
    ("i,j->ij", [[2], [3]], "x0.unsqueeze(1) * x1"),
    ("ji", [[2, 3]], "x0.permute(1, 0)"),
]
READ = """values => {
    const {state, wrong, field, at} = window.tensorglass.aboutEinsum.read(values);
    return state ? [state.shapes, null] : [wrong, [field, at ?? null]];
}"""
TEXTS = [
    ("ij,jk", "(2, 3) (3, 4)", [[2, 3], [3, 4]], None),
    ("ij,jk", "[2,3] and 3x4", [[2, 3], [3, 4]], None),
    (",i,i", "torch.Size([]), torch.zeros(3,) conv2d([3])", [[], [3], [3]], None),
    ("ij,jk", "(2, 3) (3, -4)", "“-” is no part of a shape; sizes are whole numbers of 0 or more.", ["shapes", 11]),
    ("ij", "2, 3", "“2” is no shape; expected, for instance, (2, 3) (3, 4).", ["shapes", 0]),
    ("i", "(2", "“(” is no shape; expected, for instance, (2, 3) (3, 4).", ["shapes", 0]),
    ("ij", "", "Write a shape for each term of the equation, for instance (2, 3) (3, 4).", ["shapes", None]),
    ("i", "(1) (1) (1) (1) (1)", "5 shapes came; at most 4 are taken here.", ["shapes", None]),
    ("i", "(1,1,1,1,1,1,1,1,1)", "A shape with 9 axes came; at most 8 are taken here.", ["shapes", None]),
    ("i", "(99999999999999999999,)", "A size is larger than any tensor's.", ["shapes", None]),
    (
        "ij,jk->ik",
        "(2, 3) (4, 5)",
        "torch.einsum refuses this: einsum(): subscript j has size 4 for operand 1 which does not broadcast with "
        "previously seen size 3",
        ["equation", 3],
    ),
    (
        "ij,jk",
        "(2, 3)",
        "torch.einsum refuses this (2 terms, 1 shape): einsum(): fewer operands were provided than specified in the "
        "equation",
        ["equation", 2],
    ),
    (
        "i,j->ij",
        "(2,) (3,) (4,)",
        "torch.einsum refuses this (2 terms, 3 shapes), in the words of opt_einsum, which it asks for an order: Number "
        "of einsum subscripts, 2, must be equal to the number of operands, 3.",
        ["equation", 3],
    ),
]


def wrong_words(window):
    """Yield what is not said, or not read, as it is meant."""
    for equation, shapes, sentences in SENTENCES:
        said = "\n".join(window.evaluate(CONTENT, [equation, shapes]))
        yield from ((equation, sentence, said) for sentence in sentences if sentence not in said)
        if equation in NOT_SAID[0]:
            yield from ((equation, word, said) for word in NOT_SAID[1] if word in said)
    for equation, shapes, code in PLAIN_CODE:
        source = window.evaluate(CODE, [equation, shapes])
        if f"    return {code}\n" not in source:
            yield equation, code, source
    for equation, text, *found in TEXTS:
        said = window.evaluate(READ, {"equation": equation, "shapes": text})
        if said != found:
            yield equation, text, said


def test_traps_costs_and_what_is_wrong_are_told_in_words(logic):
    assert list(wrong_words(logic())) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (told.implied)", "if (true)"),
        ("if (hidden.length) {", "if (true) {"),
        ("isDots(letter) ? ELLIPSIS : letter));", "letter));"),
        ('hidden.length === 1 ? "1 axis"', 'true ? "1 axis"'),
        ('hidden.length === 1 ? "It', 'true ? "It'),
        ('roles.includes("diagonal"))) {', "true)) {"),
        ("loneLetters(told).filter((index) => !isDots(index.letter))", "[]"),
        ("BigInt(terms.length - 1)", "1n"),
        ("if (count === 1) return", "if (count > 3) return"),
        ("if (count === 2) return", "if (count === 3) return"),
        ("tried.at(-1).multiplications", "tried[1].multiplications"),
        ("dearest === best.multiplications ?", "true ?"),
        ("step === path.length - 2", "step === 0"),
        ("told.output.indexOf(a) - told.output.indexOf(b)", "0"),
        ("if (!rows.length && !columns.length", "if (false"),
        ("(?:[\\w.]*\\()?", ""),
        ("(?:\\s*[x\N{MULTIPLICATION SIGN}]", "(?:\\s*[y]"),
        ("list ?? tuple ?? product", "tuple ?? product"),
        ("inBrackets[0].length - 1", "0"),
        ("if (inBrackets) {", "if (false) {"),
        ("if (alone) return", "if (false) return"),
        ("if (!shapes.length) return", "if (false) return"),
        ("shapes.length > MOST_SHAPES", "shapes.length > 5"),
        ("shape.length > MOST_AXES", "shape.length > 9"),
        ("every(Number.isSafeInteger)", "every(Number.isInteger)"),
        ("terms === shapes.length ?", "true ?"),
        ('error.startsWith("einsum()") ?', "true ?"),
    ],
)
def test_words_that_are_broken_are_noticed(logic, old, new):
    try:
        found = next(wrong_words(logic(old, new)), None)
    except Exception as error:  # it does not even run
        found = error
    assert found is not None


# On a page


def fill(window, equation, shapes):
    window.get_by_label("Equation").fill(equation)
    window.get_by_label("Shapes of the operands").fill(shapes)


def report(window):
    return window.locator(".explorer + .tensorglass")


def tables(window):
    return [re.sub(r"\s+", " ", table.inner_text()).strip() for table in report(window).locator("table").all()]


def test_the_pages_where_a_plan_stands_take_other_equations_and_no_other_page_loads_it(built_site):
    loading = pages_loading(built_site, "einsum_view.js")
    assert PAGE in loading
    assert loading <= {PAGE, "explore"}


def test_a_page_takes_another_equation_and_gives_its_own_back(explorer):
    window = explorer()
    before = tables(window)
    field = window.get_by_label("Equation")
    own = field.input_value(), window.get_by_label("Shapes of the operands").input_value()
    assert own == ("bqhd,bkhd->bhqk", "(8, 128, 4, 64) (8, 128, 4, 64)")
    fill(window, "ij,jk->ik", "(2, 3) (3, 4)")
    assert (
        report(window).locator("p").first.inner_text() == str(plan_einsum("ij,jk->ik", (2, 3), (3, 4))).split("\n")[0]
    )
    field.press("Escape")
    assert (field.input_value(), window.get_by_label("Shapes of the operands").input_value()) == own
    assert tables(window)[0] == before[0]  # what the script writes is what the library wrote
    assert "x0.permute(0, 2, 1, 3) @ x1.permute(0, 2, 3, 1)" in tables(window)[1]
    assert window.wrong == []


def test_the_arrow_keys_move_a_cell_and_its_terms_are_written_out(explorer):
    window = explorer()
    fill(window, "ij,jk->ik", "(2, 3) (3, 40)")
    cell, terms = window.get_by_role("slider"), window.locator(".explorer-cells pre")
    assert cell.get_attribute("aria-valuetext") == "result[0, 0]"
    for keys, where in [
        ("ArrowRight ArrowRight ArrowDown", "result[1, 2]"),
        ("ArrowUp ArrowLeft", "result[0, 1]"),
        ("End", "result[1, 39]"),
        ("ArrowRight ArrowDown", "result[1, 39]"),  # there is no cell after the last one
        ("Home ArrowLeft ArrowUp", "result[0, 0]"),
        ("End ArrowUp ArrowRight", "result[1, 0]"),  # from the end of a row to the next one
        ("PageDown x", "result[1, 0]"),
    ]:
        for key in keys.split():
            cell.press(key)
        assert cell.get_attribute("aria-valuetext") == where, keys
        assert terms.inner_text().startswith(where)
    assert terms.inner_text().split("\n")[1:] == [
        "  = x0[1, 0] * x1[0, 0]",
        "  + x0[1, 1] * x1[1, 0]",
        "  + x0[1, 2] * x1[2, 0]",
    ]
    assert window.get_by_role("img", name="x1 of (3, 40): every j, k = 0").is_visible()
    window.locator('[data-cell="0,7"]').click()
    assert cell.get_attribute("aria-valuetext") == "result[0, 7]"
    assert cell.get_attribute("aria-valuenow") == "7"
    assert cell.get_attribute("aria-valuemax") == "79"
    fill(window, "bij,bj->i", "(9, 2, 3) (9, 3)")
    assert terms.inner_text().endswith("\n  + 23 more")
    assert window.get_by_role("img", name="x0 of (9, 2, 3): every b, i = 0, every j; drawn: b = 0").is_visible()
    fill(window, "ij->i", "(2, 0)")
    assert terms.inner_text() == "result[0] = 0, the sum of nothing"
    fill(window, "ij->i", "(0, 2)")
    assert cell.count() == 0
    assert "The result has no elements." in report(window).inner_text()
    fill(window, "ii->", "(3, 3)")
    assert terms.inner_text().split("\n")[0] == "result[()]"
    cell.press("ArrowRight")
    assert cell.get_attribute("aria-valuetext") == "result[()]"
    read = 'rects => rects.filter(rect => rect.getAttribute("fill-opacity") > 0).length'
    assert window.locator(".explorer-cells [role=img] rect").evaluate_all(read) == 3  # the diagonal


def test_what_is_wrong_is_told_and_the_last_picture_stays(explorer):
    window = explorer()
    fill(window, "ij,jk->ik", "(2, 3) (3, 4)")
    before = report(window).inner_text()
    equation, shapes = window.get_by_label("Equation"), window.get_by_label("Shapes of the operands")
    equation.fill("ij,jk->ii")
    window.wait_for_function("document.querySelector('.explorer-said').textContent.includes('more than once')")
    assert (
        "torch.einsum refuses this: einsum(): output subscript i appears"
        in window.locator(".explorer-said").inner_text()
    )
    assert window.locator(".explorer-caret").first.text_content() == "ij,jk->ii\n        ^"
    assert (equation.get_attribute("aria-invalid"), shapes.get_attribute("aria-invalid")) == ("true", "false")
    assert "outdated" in report(window).get_attribute("class")
    assert report(window).inner_text() == before
    assert window.get_by_role("button", name="Copy as code").is_disabled()
    equation.fill("ij,jk->ik")
    assert "outdated" not in report(window).get_attribute("class")
    shapes.fill("(2, 3) (3, y)")
    assert window.locator(".explorer-caret").last.text_content() == "(2, 3) (3, y)\n           ^"
    assert shapes.get_attribute("aria-invalid") == "true"


def test_a_whole_call_may_be_pasted(explorer):
    window = explorer()
    fill(window, 'y = torch.einsum("ij,jk->ik", q, k)', "(2, 3) (3, 5)")
    assert "einsum 'ij,jk->ik' of (2, 3) and (3, 5) gives (2, 5)" in report(window).inner_text()
    window.get_by_label("Equation").fill("einsum('ij,jk->ii', q, k)")
    assert window.locator(".explorer-caret").text_content() == f"einsum('ij,jk->ii', q, k)\n{' ' * 16}^"


def test_a_link_leads_to_the_same_equation(explorer):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    fill(window, "...ij, jk -> ...ik", "(5, 2, 3) (3, 4)")
    other = opened_by_link(window, explorer)
    assert report(other).inner_text() == report(window).inner_text()
    assert "gives (5, 2, 4)" in report(other).inner_text()
    other.evaluate("location.hash = '#einsum=ii&shapes=(3,3)'")
    other.wait_for_function("document.querySelector('.explorer input').value === 'ii'")
    other.go_back()
    other.wait_for_function("document.querySelector('.explorer input').value === '...ij, jk -> ...ik'")


def test_what_is_copied_runs(explorer, tmp_path):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    for equation, shapes, printed in [
        ("ij,jk->ik", "(2, 3) (3, 4)", "[2, 4]"),
        (",...ii,j", "() (5, 2, 2) (1)", "[5, 1]"),
    ]:
        fill(window, equation, shapes)
        window.get_by_role("button", name="Copy as code").click()
        window.get_by_role("button", name="Copied").wait_for()
        script = tmp_path / "copied.py"
        script.write_text(window.evaluate("navigator.clipboard.readText()"), "utf-8")
        ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        assert ran.stdout.strip() == f"torch.Size({printed})", ran.stderr
        window.get_by_role("button", name="Copy as code").wait_for()


def test_it_is_used_by_keyboard_alone(explorer):
    window = explorer()
    window.get_by_label("Equation").focus()
    window.keyboard.press("Control+A")
    window.keyboard.type("ji")
    window.keyboard.press("Tab")
    window.keyboard.press("Control+A")
    window.keyboard.type("(2, 3)")
    window.keyboard.press("Enter")  # sends nothing
    assert "einsum 'ji' of (2, 3) gives (3, 2)" in report(window).inner_text()
    for _ in range(8):  # over the buttons
        window.keyboard.press("Tab")
    window.keyboard.press("ArrowDown")
    assert window.evaluate("document.activeElement.getAttribute('aria-valuetext')") == "result[1, 0]"
    assert "result[1, 0]\n  = x0[0, 1]" in report(window).inner_text()


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_and_fits(explorer, theme, width):
    window = explorer(width=width, theme=theme)
    for shapes in ["(5, 4, 12, 3) (5, 3, 3, 3) (3, 4)", "(-1,)"]:
        fill(window, "...kbi,...kij,jb->...bi", shapes)
        window.wait_for_function("document.querySelector('.explorer-said').textContent")
        assert overflow(window) <= 0
        assert violations(window) == []


def test_it_works_from_a_folder_and_on_paper(explorer, built_site):
    window = explorer(base=built_site.as_uri())
    fill(window, "i,i->", "(3,) (3,)")
    assert "einsum 'i,i->' of (3,) and (3,) gives ()" in report(window).inner_text()
    window.emulate_media(media="print")
    assert not window.locator(".explorer").is_visible()
    assert report(window).is_visible()


def test_without_scripts_the_librarys_table_is_read(explorer):
    window = explorer(java_script_enabled=False)
    assert window.locator(".explorer").count() == 0
    assert window.locator(".tensorglass caption", has_text="Indices").first.is_visible()


def test_both_files_are_light():
    sizes = [len(gzip.compress((LOGIC.parent / name).read_bytes())) for name in ("einsum.js", "einsum_view.js")]
    assert sum(sizes) < 15_000
