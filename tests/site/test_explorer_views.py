"""The explorer of strides and views: it says what torch and the library say, and readers put in their own tensors."""

import functools
import json
import random
import re
import subprocess
import sys
import warnings

import pytest
import torch
from explored import opened_by_link, pages_loading
from looks import overflow, violations
from places import ROOT

from tensorglass import explain_view, storage_info

pytestmark = [pytest.mark.long, pytest.mark.site]

SCRIPTS = ROOT / "docs/_static/explorers"
LOGIC = SCRIPTS / "views.js"
PAGE = "auto_examples/memory/tensor_storage"
WITH_EXPLORER = [PAGE]
SIZES = [0, 1, 1, 2, 2, 3, 3, 4, 5, 6]
RANKS = [0, 1, 1, 2, 2, 3, 3, 4, 5]

VIEWS = "cases => cases.map(([size, stride, shape]) => window.tensorglass.view(size, stride, shape))"
REPORTS = (
    "cases => cases.map(([size, stride, bytes, shape]) => window.tensorglass.viewReport(size, stride, bytes, shape))"
)
CHAINS = """texts => texts.map(text => {
    const {x, wrong, raises} = window.tensorglass.viewChain(text);
    return x ? [x.size, x.stride, x.offset, x.cells] : raises === undefined ? `not read: ${wrong}` : wrong;
})"""
STORAGES = """texts => texts.map(text => {
    const {x} = window.tensorglass.viewChain(text);
    return window.tensorglass.viewStorage(x);
})"""


# What torch and the library say


def tensor_of(text):
    """Return the tensor that a chain makes, or torch's message."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return eval(text, {"torch": torch})
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            return str(error)


def torch_says(text):
    made = tensor_of(text)
    if isinstance(made, str):
        return made
    return [
        list(made.shape),
        list(made.stride()),
        made.storage_offset(),
        made.untyped_storage().nbytes() // made.itemsize,
    ]


def torch_views(tensor, shape):
    try:
        return {"ok": True, "stride": list(tensor.view(shape).stride()), "error": None}
    except RuntimeError as error:
        return {"ok": False, "stride": None, "error": str(error)}


def told(report):
    return [part if isinstance(part, str) else table(part) for part in report._content()]


def table(part):
    rows = [[cell if isinstance(cell, str) else [cell.text, *cell.classes] for cell in row] for row in part.rows]
    numbers = [str(name) for name in part.header if type(name) is not str]
    made = {"caption": part.caption, "header": [*map(str, part.header)], "rows": rows}
    return {**made, "numbers": numbers} if numbers else made


# Random chains: what most readers write, and what torch refuses


def random_chain(draw, steps=4):
    """Return a chain of operations as code; each step is taken from what torch makes of those before it."""
    shape = [draw.choice(SIZES) for _ in range(draw.choice(RANKS))]
    text = f"torch.{draw.choice(['empty', 'zeros'])}({shape_text(draw, shape)})"
    for _ in range(draw.randint(1, steps)):
        made = tensor_of(text)
        if isinstance(made, str) or made.dim() > 6 or made.numel() > 10_000:
            break
        text += random_step(draw, made)
    return text


def shape_text(draw, shape):
    if len(shape) > 0 and draw.random() < 0.5:
        return ", ".join(map(str, shape))
    return str(draw.choice([tuple, list])(shape))


def axis(draw, rank):
    """Return an axis, now and then one that is not there."""
    return draw.randint(-rank - 1, rank + 1) if draw.random() < 0.15 else draw.randint(-rank, max(rank - 1, 0))


def random_step(draw, x):
    rank = x.dim()
    step = draw.choice([*STEPS, index_step, index_step, index_step])
    return step(draw, x, rank)


def index_step(draw, x, rank):
    entries = [index_entry(draw, size) for size in x.shape[: draw.randint(0, rank)]]
    if rank == 0:  # torch reads what lies behind the sizes for another number
        entries = draw.choice([["0"], [":"], ["None"], ["..."], ["0", "0"], ["..., None"], ["None", ":"], ["1", "2"]])
    if draw.random() < 0.3:
        entries.insert(draw.randint(0, len(entries)), "None")
    if draw.random() < 0.2 and not any("..." in entry for entry in entries):
        entries.insert(draw.randint(0, len(entries)), "...")
    if draw.random() < 0.05 and rank:
        entries += ["0"] * (rank + 1)
    comma = "," if len(entries) == 1 and rank and draw.random() < 0.1 else ""
    return f"[{', '.join(entries) or '...'}{comma}]"


def index_entry(draw, size):
    if draw.random() < 0.35:
        beyond = 1 if draw.random() < 0.15 else 0
        return str(draw.randint(-size - beyond, max(size - 1 + beyond, 0)))
    bounds = [draw.choice(["", str(draw.randint(-size - 1, size + 1))]) for _ in range(2)]
    step = draw.choice(["", "", "", ":", ":2", ":3", ":1", ":-1", ":0"] if draw.random() < 0.3 else ["", ":2", ":1"])
    return ":".join(bounds) + step


def sizes_near(draw, x):
    """Return sizes of a shape that the tensor may have, and of some that it may not."""
    if draw.random() < 0.15:
        return [draw.choice([-2, -1, 0, 1, 2, 3, 6]) for _ in range(draw.randint(0, 4))]
    shape = []
    left = x.numel()
    for _ in range(draw.randint(0, 3)):
        size = draw.choice([n for n in range(1, min(left, 12) + 1) if left % n == 0] or [0, 1, 2])
        shape.append(size)
        left = left // size if size else 0
    shape.append(left)
    draw.shuffle(shape)
    for _ in range(draw.choice([0, 0, 0, 1, 1, 2])):
        shape.insert(draw.randint(0, len(shape)), 1)
    if draw.random() < 0.3:
        shape[draw.randrange(len(shape))] = -1
    return shape


def merged_sizes(draw, x):
    """Return the tensor's own sizes, some neighbours multiplied: what `view` can often give."""
    shape = [1]
    for size in x.shape:
        if draw.random() < 0.5:
            shape[-1] *= size
        else:
            shape.append(size)
    return shape[draw.choice([0, 1 if shape[0] == 1 else 0]) :]


def target(draw, x):
    return draw.choice([sizes_near, merged_sizes])(draw, x)


def expand_step(draw, x, rank):
    shape = [draw.choice([-1, size]) if size != 1 or draw.random() < 0.3 else draw.choice(SIZES) for size in x.shape]
    shape = [draw.choice(SIZES) for _ in range(draw.choice([0, 0, 1, 2]))] + shape
    if shape and draw.random() < 0.15:
        shape[draw.randrange(len(shape))] = draw.choice([-1, 7, 0])
    if rank == 0 or 0 in shape:  # a size of -1 may then stay, which is no size
        shape = [abs(size) if place < len(shape) - rank or rank == 0 else size for place, size in enumerate(shape)]
    return f".expand({shape_text(draw, shape[: len(shape) if draw.random() < 0.95 else -1])})"


def permute_step(draw, x, rank):
    dims = draw.sample(range(-rank, 0), rank)
    dims = [dim + draw.choice([0, rank]) for dim in dims]
    if dims and draw.random() < 0.15:
        dims[draw.randrange(rank)] = axis(draw, rank)
    if draw.random() < 0.05:
        dims.append(0)
    return f".permute({shape_text(draw, dims)})"


def narrow_step(draw, x, rank):
    dim = axis(draw, rank)
    size = x.shape[dim] if -rank <= dim < rank else 3
    start = draw.randint(-size, size)
    length = draw.randint(0, max(size - start % max(size, 1), 0))
    if draw.random() < 0.15:
        start, length = draw.randint(-size - 2, size + 2), draw.randint(-1, size + 2)
    return f".narrow({dim}, {start}, {length})"


def unfold_step(draw, x, rank):
    dim = axis(draw, rank)
    size = x.shape[dim] if -rank <= dim < rank else 1
    length = draw.randint(-1 if draw.random() < 0.1 else 0, size + (draw.random() < 0.1))
    return f".unfold({dim}, {length}, {draw.choice([1, 1, 2, 3, 0] if draw.random() < 0.3 else [1, 2])})"


def strided_step(draw, x, rank):
    size = [draw.randint(0 if draw.random() < 0.1 else 1, 3) for _ in range(draw.randint(0, 3))]
    stride = [draw.randint(-1 if draw.random() < 0.05 else 0, 4) for _ in size]
    if draw.random() < 0.05:
        stride.append(1)
    offset = draw.choice(["", f", {draw.randint(-1 if draw.random() < 0.1 else 0, 4)}"])
    return f".as_strided({tuple(size)}, {tuple(stride)}{offset})"


def squeeze_step(draw, x, rank):
    ones = [dim for dim in range(-rank, rank) if x.shape[dim] == 1]
    dims = draw.choice(
        [[], [axis(draw, rank)], draw.sample(ones, min(len(ones), 2)), [axis(draw, rank), axis(draw, rank)]]
    )
    return f".squeeze({', '.join(map(str, dims)) if len(dims) < 2 else tuple(dims)})"


def format_step(draw, x, rank):
    name = draw.choice([*{4: ["channels_last"], 5: ["channels_last_3d"]}.get(rank, []), "contiguous_format"])
    if draw.random() < 0.1:
        name = draw.choice(["channels_last", "channels_last_3d"])
    return draw.choice(
        [".contiguous()", f".contiguous(memory_format=torch.{name})", f".to(memory_format=torch.{name})"]
    )


STEPS = [
    lambda draw, x, rank: draw.choice([".T", ".mT", ".t()", ".ravel()"]),
    lambda draw, x, rank: (
        f".{draw.choice(['transpose', 'swapaxes', 'swapdims'])}({axis(draw, rank)}, {axis(draw, rank)})"
    ),
    permute_step,
    expand_step,
    expand_step,
    lambda draw, x, rank: f".unsqueeze({axis(draw, rank + 1)})",
    squeeze_step,
    lambda draw, x, rank: f".view({shape_text(draw, target(draw, x))})",
    lambda draw, x, rank: f".reshape({shape_text(draw, target(draw, x))})",
    lambda draw, x, rank: f".flatten({', '.join(str(axis(draw, rank)) for _ in range(draw.randint(0, 2)))})",
    narrow_step,
    lambda draw, x, rank: f".select({axis(draw, rank)}, {index_entry(draw, 3).partition(':')[0] or 0})",
    lambda draw, x, rank: f".diagonal({', '.join(str(axis(draw, rank)) for _ in range(draw.randint(0, 3)))})",
    unfold_step,
    strided_step,
    format_step,
]


def random_tensor(draw):
    """Return a tensor that a random chain makes."""
    while True:
        made = tensor_of(random_chain(draw))
        if not isinstance(made, str):
            return made


def view_cases(draw, count):
    """Return (size, stride, shape) with what torch's own view makes of it."""
    cases, wanted = [], []
    for _ in range(count):
        x = random_tensor(draw)
        shape = target(draw, x)
        cases.append([list(x.shape), list(x.stride()), shape])
        wanted.append(torch_views(x, shape))
    return cases, wanted


def report_cases(draw, count):
    cases, wanted = [], []
    for _ in range(count):
        x = random_tensor(draw)
        shape = target(draw, x)
        cases.append([list(x.shape), list(x.stride()), x.itemsize, shape])
        wanted.append(told(explain_view(x, shape)))
    return cases, wanted


def transposed_cases(shapes):
    """Return cases that copy: of some the bytes lie in the middle of two tenths of a unit."""
    tensors = [torch.empty(shape, device="meta").T for shape in shapes]
    cases = [[list(x.shape), list(x.stride()), x.itemsize, [-1]] for x in tensors]
    return cases, [told(explain_view(x, (-1,))) for x in tensors]


def storage_cases(draw, count):
    texts = []
    while len(texts) < count:
        text = random_chain(draw)
        if not isinstance(tensor_of(text), str):
            texts.append(text)
    return texts, [told(storage_info(tensor_of(text)))[0] for text in texts]


def chain_cases(draw, count):
    texts = [random_chain(draw) for _ in range(count)]
    return texts, [torch_says(text) for text in texts]


def differing(window, script, cases, wanted):
    """Return the cases of which the page says something else, with what it says and what was wanted."""
    said = window.evaluate(script, cases)
    wanted = json.loads(json.dumps(wanted))
    return [(case, page, right) for case, page, right in zip(cases, said, wanted, strict=True) if page != right]


def test_views_are_told_as_torch_makes_them(logic):
    cases, wanted = view_cases(random.Random(0), 5000)
    works = sum(each["ok"] for each in wanted)
    incompatible = sum("not compatible" in str(each["error"]) for each in wanted)
    assert works > 1000
    assert incompatible > 300
    assert differing(logic(), VIEWS, cases, wanted) == []


def test_chains_are_told_as_torch_makes_them(logic):
    texts, wanted = chain_cases(random.Random(0), 2000)
    refused = [each for each in wanted if isinstance(each, str)]
    assert 300 < len(refused) < 1500
    assert differing(logic(), CHAINS, texts, wanted) == []


def test_reports_are_those_of_the_library(logic):
    window = logic()
    assert differing(window, REPORTS, *report_cases(random.Random(0), 1000)) == []
    assert differing(window, STORAGES, *storage_cases(random.Random(0), 1000)) == []


@functools.cache
def fewer_cases():
    """Return what each mutant is asked: of each kind some cases, and those that chance seldom makes."""
    draw = random.Random(1)
    views, wanted_views = view_cases(draw, 800)
    texts, wanted_chains = chain_cases(draw, 1500)
    return [
        (VIEWS, views, wanted_views),
        (CHAINS, [*texts, *SELDOM], [*wanted_chains, *map(torch_says, SELDOM)]),
        (REPORTS, *report_cases(draw, 500)),
        (REPORTS, *transposed_cases([(16, 16), (16, 20), (16, 28), (1024, 1024), (5, 3), (3, 100)])),
        (STORAGES, *storage_cases(draw, 300)),
        (STORAGES, IRREGULAR, [told(storage_info(tensor_of(text)))[0] for text in IRREGULAR]),
    ]


SELDOM = [
    *(
        f"torch.empty(2, 3).view({shape})"
        for shape in ("-1, 0", "0, -1", "-1, -1, -2", "-2, -1, -1", "5", "-1, 5", "()")
    ),
    *(f"torch.empty(2, 0).view({shape})" for shape in ("-1, 0", "0, -1", "-1", "0, 5", "5, 0", "2, 0", "3, -1")),
    "torch.zeros(2, 3).T.contiguous().T.contiguous()",
    "torch.ones(2, -3)",
    "torch.zeros(2, -3)",
    "torch.arange(-3)",
    "torch.arange(12).reshape(3, 4).T[:, 1:]",
    "torch.arange(4).expand(())",
    "torch.empty(3, dtype=torch.bool).expand(())",
    "torch.empty(3).expand(-2, 3)",
    "torch.empty(1).expand(-2)",
    "torch.empty(1, 3).transpose(dim0=0, dim1=1)",
    "torch.empty(12).view(size=(3, 4))",
    "torch.empty(3, 4).diagonal(dim1=1, dim2=0)",
    "torch.empty(3, 4).squeeze(0, 0)",
    "torch.empty(3, 4)[ 1 , ]",
    "torch.empty(()).select(0, 0)",
    "torch.empty(()).narrow(0, 0, 0)",
    "torch.empty(())[:]",
    "torch.empty(())[0]",
    "torch.empty(5)[::-1]",
    "torch.empty(5)[::0]",
    "torch.empty(5).unfold(0, 6, 1)",
    "torch.empty(5).unfold(0, -1, 1)",
    "torch.empty(5).as_strided((2,), (-1,))",
    "torch.empty(5).as_strided((2,), (1,), -1)",
    "torch.empty(5).as_strided((2, 2), (1,))",
    "torch.empty(2, 3, 4, 5).transpose(1, 3).to(memory_format=torch.channels_last)",
    "torch.empty(2, 3, 4, 5)[:, :, ::2].permute(0, 3, 1, 2).to(memory_format=torch.channels_last)",
    "torch.empty(4, 1, 1, 3).permute(0, 3, 1, 2)[..., ::2].to(memory_format=torch.channels_last)",
    "torch.empty(4, 1, 1, 1).to(memory_format=torch.channels_last)",
    "torch.empty(8, 1, 1, 1)[4:].to(memory_format=torch.channels_last)",
    "torch.empty(4, 2, 3).expand(4, 4, 2, 3).transpose(0, 1).to(memory_format=torch.channels_last)",
    "torch.empty(4, 1, 3, 3).expand(4, 2, 3, 3).to(memory_format=torch.channels_last)",
    "torch.empty(4, 3, 2).t()",
    "torch.empty(3).mT",
]
IRREGULAR = [
    "torch.empty(30).as_strided((2, 2), (3, 1))",
    "torch.empty(30).as_strided((3, 2), (2, 3))",
    "torch.empty(30).as_strided((4, 3), (2, 3))",
    "torch.empty(30).as_strided((3, 3, 2), (4, 5, 6))",
    "torch.empty(30).as_strided((2, 3, 4), (5, 3, 3))",
    "torch.empty(60).as_strided((5, 5), (6, 4))",
    "torch.arange(10).unfold(0, 4, 1)",
    "torch.empty(3, 1, 3).expand(3, 4, 3)",
    "torch.empty(40000, 2).expand(3, 40000, 2)",
    "torch.empty(1).expand(2000, 2000)",
    "torch.empty(15).as_strided((2, 2, 2), (7, 5, 2))",
]


def test_what_chance_seldom_makes_is_told_as_torch_makes_it(logic):
    window = logic()
    for script, cases, wanted in fewer_cases():
        assert differing(window, script, cases, wanted) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # the rule of views
        ("count === -1 && holes++", "count === -1 && holes"),
        ("count < -1)", "count < -2)"),
        ("holes && known === 0 && numel === 0", "holes && known === 0"),
        ("numel % known === 0", "numel >= known"),
        ("equal(size, shape) ? stride : rowMajor(shape)", "rowMajor(shape)"),
        ("shape.includes(0)) return equal", "size.includes(9)) return equal"),
        ("covered < numel || left.at(-1) === 1", "covered < numel"),
        ("if (covered !== numel) return null;", ""),
        ("size[axis] === 1 || stride[axis] === last[0]", "stride[axis] === last[0]"),
        ("found.length ? found : [[1, 1]]", "found"),
        ("Math.max(count, 1))));", "count)));"),
        # each operation, and what it refuses
        ("axis < -most || axis >= most", "axis < -most || axis > most"),
        ("Math.max(rank, 1);", "rank;"),
        ("if (order.includes(axis)) refuse", "if (false) refuse"),
        ("if (target.length < rank)", "if (target.length < rank - 1)"),
        ("target[i] === -1 && isNew", "false"),
        ("isNew ? size[i + 1] * stride[i + 1]", "isNew ? 0"),
        ("else if (count !== 1)", "else if (count > 1)"),
        ("rank && i >= 0", "i >= 0"),
        ('size.some((count) => count < 0)) refuse("numel', 'false) refuse("numel'),
        ("x.size[axis] * x.stride[axis] : 1", "x.stride[axis] : 1"),
        ("wrap(dim, x.size.length + 1)", "wrap(dim, x.size.length)"),
        ("if (gone.includes(axis)) refuse", "if (false) refuse"),
        ("x.size[axis] === 1));", "x.size[axis] <= 1));"),
        ("error === INCOMPATIBLE ? copied", "false ? copied"),
        ("if (start > end) refuse", "if (start >= end) refuse"),
        ("if (!rank) return reshape(x, [1]);", "if (!rank) return x;"),
        ("if (start === end) return x;", "if (start === end) return reshape(x, [product(x.size)]);"),
        ("if (step < 1) refuse", "if (false) refuse"),
        (
            "Math.min(Math.max(place < 0 ? place + count : place, 0), count)",
            "Math.max(place < 0 ? place + count : place, 0)",
        ),
        ("Math.max(within(stop ?? count), first)", "within(stop ?? count)"),
        ("Math.ceil((end - first) / step)", "Math.floor((end - first) / step)"),
        ("x.offset + first * x.stride[axis]", "x.offset + first"),
        ("x.stride[axis] * step),\n      offset", "x.stride[axis]),\n      offset"),
        ("index < 0 ? index + x.size[axis] : index", "Math.max(index, 0)"),
        ("index < -x.size[axis] ||", "index <= -x.size[axis] ||"),
        ("isTuple && specified", "specified"),
        ("specified > x.size.length", "specified > x.size.length + 1"),
        ("axis += x.size.length - specified", "axis += x.size.length - entries.length + 1"),
        ("slice[2] === 0", "slice[2] === null"),
        ("entry, place);", "entry, axis);"),
        ("index < -count || index >= count) refuse(`index", "index >= count) refuse(`index"),
        ('if (length < 0) refuse("narrow', 'if (false) refuse("narrow'),
        ("start < -count || start > count", "start < -count || start >= count"),
        ("first > count - length", "first >= count - length"),
        ("if (a === b) refuse", "if (dim1 === dim2) refuse"),
        ("count ? down", "true ? down"),
        ("[...rest.stride, x.stride[a] + x.stride[b]]", "[...rest.stride, x.stride[b]]"),
        ("x.size[a] - down", "x.size[a]"),
        ("if (length > count) refuse", "if (false) refuse"),
        ("Math.floor((count - length) / step) + 1", "Math.floor(count / step)"),
        ("if (!rank) return { ...x, size: [length], stride: [1] };", "if (!rank) return x;"),
        ("offset = x.offset)", "offset = 0)"),
        ("size.length !== stride.length) refuse", "false) refuse"),
        ("step < 0)) {", "step < -1)) {"),
        ("if (offset < 0) refuse", "if (false) refuse"),
        ("cellsNeeded(made) > x.cells", "cellsNeeded(made) > x.cells + 1"),
        ("size.includes(0) ? 0 : size.reduce", "size.reduce"),
        ("x.size.length !== rank) refuse(`required", "false) refuse(`required"),
        ("return isThere(x, format) ? x", "return false ? x"),
        ("step *= size[axis]; // also by 0", "step *= Math.max(size[axis], 1); //"),
        ("channels_last: [4, [1, 3, 2, 0]]", "channels_last: [4, [1, 2, 3, 0]]"),
        ("channels_last_3d: [5, [1, 4, 3, 2, 0]]", "channels_last_3d: [5, [1, 3, 4, 2, 0]]"),
        (": size.includes(0)) return format", ": false) return format"),
        ("if (size[axis] !== 1 && stride[axis] !== step) return false", "if (stride[axis] !== step) return false"),
        ("if (size[axis] !== 1) step *= size[axis]", "step *= 2"),
        ("if (stride[1] === 0) return false;", ""),
        ("stride[axis] < least ||", ""),
        ("axis === 0 && least === stride[1]", "false"),
        ("if (x.size.length > 2) refuse(`t()", "if (false) refuse(`t()"),
        ("if (x.size.length === 1) refuse", "if (false) refuse"),
        ("transpose(x, -2, -1)", "transpose(x, 0, -1)"),
        ("count < 0);", "count < -3);"),
        ('maker === "arange" ? "int64"', 'maker === "ones" ? "int64"'),
        # what the library's reports say
        ("if (size.includes(0)) return 0;", ""),
        ("if (leaps) return listed;", "return listed;"),
        ("step > axes.slice(0, i)", "step >= axes.slice(0, i)"),
        ("step / small <= steps", "step / small <= steps + 1"),
        ("count > 1 && step > 0", "count > 1"),
        ("error !== null ? `x.view${name} is impossible", "ok ? `x.view${name} is impossible"),
        ("size[other] !== 1", "true"),
        ("merges: count === 1 || stride", "merges: stride"),
        ("!borders.includes(", "borders.includes("),
        ("after[0] };", "axis + 1 };"),
        ("numel * itemsize)}`]", "numel)}`]"),
        ('used < numel ? "some hold', 'used > numel ? "some hold'),
        ("(x.cells - used) * itemsize", "x.cells - used"),
        ('int64: [8, "torch', 'int64: [4, "torch'),
        ("number === 1 ?", "number === 2 ?"),
        ("shape.length === 1 ?", "shape.length === 9 ?"),
        ("bytes < 1024", "bytes <= 1024"),
        ("rest === 0.5 && low % 2", "rest === 0.5"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(logic, old, new):
    assert old in LOGIC.read_text("utf-8")
    try:
        window = logic(old, new)
        found = [case for script, *cases in fewer_cases() for case in differing(window, script, *cases)]
    except Exception as error:  # it does not even run
        found = [error]
    assert found != []


# What is read, and what is not


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("(3, 4).T", [[4, 3], [1, 4], 0, 12]),
        ("[3, 4]", [[3, 4], [4, 1], 0, 12]),
        ("(3)", [[3], [1], 0, 3]),
        ("()", [[], [], 0, 1]),
        ("x = torch.empty(3, 4)[1]", [[4], [1], 4, 12]),
        (" zeros( (3, 4), ) . mT ", [[4, 3], [1, 4], 0, 12]),
        ("torch.arange(6)[None, ..., 2:]", [[1, 4], [6, 1], 2, 6]),
        ("size=(4, 3) stride=(1, 4) offset=2", [[4, 3], [1, 4], 2, 14]),
        ("size=[2], stride=[3], offset=0, dtype=torch.int64", [[2], [3], 0, 4]),
        ("size=(0, 3) stride=(1, 1)", [[0, 3], [1, 1], 0, 0]),
        ("size=(2,) stride=(1, 2)", "mismatch in length of strides and shape"),
        ("size=(2,) stride=(-1,)", "as_strided: Negative strides are not supported at the moment, got strides: [-1]"),
        ("size=(2,) stride=(1,) offset=-1", "Tensor: invalid storage offset -1"),
    ],
)
def test_tensors_are_read_as_people_write_them(logic, text, made):
    assert logic().evaluate(CHAINS, [text]) == [made]


NOT_READ = {
    "": ("Expected a tensor such as torch.empty(3, 4).T[:, 1:].", 0),
    "hello": ("“hello” came where a shape such as (3, 4) was expected.", 0),
    "(3, 4": ("It ends where a comma or the closing bracket was expected.", 5),
    "(3, a)": ("“a” came where a whole number was expected.", 4),
    "(3, 4).T.": ("It ends where an operation was expected.", 9),
    "(3, 4)T": ("“T” came where a dot or an opening square bracket was expected.", 6),
    "(3, 4).transpose(0)": ("“transpose(0)” came; expected transpose(dim0, dim1).", 7),
    "(3, 4).transpose(0, 1, 2)": ("“transpose(0, 1, 2)” came; expected transpose(dim0, dim1).", 7),
    "(3, 4).transpose((0, 1))": ("“transpose((0, 1))” came; expected transpose(dim0, dim1).", 7),
    "(3, 4).transpose(0, dim=1)": ("“transpose(0, dim=1)” came; expected transpose(dim0, dim1).", 7),
    "(3, 4).permute()": ("“permute()” came; expected permute(*dims).", 7),
    "(3, 4).view(2.5)": ("“2” came where a whole number was expected.", 12),
    "(3, 4)[0.5]": ("“0” came where a whole number, a slice, None or ... was expected.", 7),
    "(3, 4)[[0, 1]]": ("“[” came where a whole number, a slice, None or ... was expected.", 7),
    "(3, 4)[..., ...]": ("A second “...” came in one index; expected one at most.", 12),
    "(3, 4)[1 2]": ("“2” came where a comma or the closing bracket was expected.", 9),
    "(3, 4)[99999999999999999]": ("A number is larger than any tensor's.", 7),
    "(99999999, 99999999)": ("This tensor is larger than any that is explained here.", 0),
    "size=(3,)": ("Expected, for instance, size=(4, 3) stride=(1, 4) offset=0 dtype=int64.", 0),
}


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_not_read_is_told_with_its_place(logic, text):
    told = logic().evaluate("text => window.tensorglass.viewChain(text)", text)
    assert told == dict(zip(("wrong", "at"), NOT_READ[text], strict=True))


@pytest.mark.parametrize(
    ("text", "shape"),
    [("", None), ("12", [12]), ("2, -1", [2, -1]), ("(2, 6)", [2, 6]), ("[2,6]", [2, 6]), ("(12,)", [12]), ("()", [])],
)
def test_shapes_are_read_as_people_write_them(logic, text, shape):
    assert logic().evaluate("text => window.tensorglass.viewRead('(3, 4)', text).state.shape", text) == shape


@pytest.mark.parametrize(("text", "at"), [("2, a", 3), ("2)(3", 0), ("2.5", 0), ("((2, 3), 4)", 0), ("2 3", 2)])
def test_no_shape_is_told_with_its_place(logic, text, at):
    told = logic().evaluate("text => window.tensorglass.viewRead('(3, 4)', text)", text)
    assert told == {"wrong": "Expected a shape in whole numbers, such as 2, -1.", "at": at, "field": "shape"}


def test_what_copies_and_what_torch_warns_of_is_said(logic):
    notes = "text => window.tensorglass.viewChain(text).x.notes"
    window = logic()
    assert window.evaluate(notes, "(3, 4).T.flatten()[1:]") == ["flatten() copies: x has a storage of its own."]
    assert window.evaluate(notes, "(3, 4).flatten()") == []
    assert window.evaluate(notes, "(2, 3, 4).T") == [
        "torch warns: the use of `x.T` on tensors of dimension other than 2 is deprecated."
    ]


# On a page


def fields(window):
    return window.get_by_label("Your own tensor"), window.get_by_label("A shape for x.view")


def report(window):
    return window.locator(".explorer + .tensorglass")


def as_text(window):
    return re.sub(r"\s+", " ", report(window).inner_text()).strip()


def wait_said(window, start):
    window.wait_for_function(
        "start => document.querySelector('.explorer-said').textContent.startsWith(start)", arg=start
    )


@pytest.mark.parametrize("page", WITH_EXPLORER)
def test_a_page_that_explains_a_view_takes_other_tensors(explorer, page):
    window = explorer(page)
    tensor, shape = fields(window)
    (before,) = window.locator(".explorer + .tensorglass").all()
    said = before.locator("p").all_inner_texts()
    rows = before.locator("tr").all_inner_texts()
    assert (tensor.input_value(), shape.input_value()) == ("torch.arange(12).reshape(3, 4).T", "12")
    tensor.fill("torch.empty(4, 6)[1:, 1:4]")
    shape.fill("9")
    assert "x.view(9,) does not work" in as_text(window)
    assert "x.view(9,) raises: view size is not compatible with input tensor's size and stride" in as_text(window)
    assert "x.reshape(9,) works, and copies 36 bytes" in as_text(window)
    shape.fill("3, 3")
    assert "x.view(3, 3) works, with the stride (6, 1)" in as_text(window)
    shape.fill("")
    assert "x.view" not in as_text(window)
    assert "9 of its 24 cells used (38%)" in as_text(window)
    tensor.press("Escape")
    assert (tensor.input_value(), shape.input_value()) == ("torch.arange(12).reshape(3, 4).T", "12")
    for part in said:  # what the script writes holds what the library wrote
        assert part in as_text(window)
    assert [row for row in rows if row not in report(window).locator("tr").all_inner_texts()] == []
    assert window.wrong == []


def test_no_other_page_loads_it(built_site):
    loading = pages_loading(built_site, "views_view.js")
    assert loading >= set(WITH_EXPLORER)
    assert {page.rpartition("/")[0] for page in loading} <= {"", "auto_examples/memory", "auto_examples/errors"}


def test_an_index_is_followed_to_its_cell(explorer):
    window = explorer()
    tensor, _ = fields(window)
    tensor.fill("torch.empty(3, 4).T[:, 1:]")
    tape, way = window.locator(".views-tape svg"), window.locator(".views-sum")
    assert way.inner_text() == "x[1, 1] lies in cell offset + 1·stride[0] + 1·stride[1] = 4 + 1·1 + 1·4 = 9"
    assert tape.locator(".unused").count() == 4
    assert tape.locator(".used").count() == 7
    assert tape.locator(".selected text").all_text_contents() == ["9", "1,1"]
    assert "0 is not used, " in tape.get_attribute("aria-label")
    assert "11 holds 3,1. x[1, 1] lies in cell" in tape.get_attribute("aria-label")
    assert window.locator(".views-grid td[tabindex='0']").inner_text() == "9"
    window.locator(".views-grid td", has_text="11").click()
    assert way.inner_text().endswith("= 4 + 3·1 + 1·4 = 11")
    tensor.fill("torch.empty(3).expand(2, 3)")
    assert tape.locator("text").all_text_contents()[-6:] == ["0", "2x", "1", "2x", "2", "2x"]
    tensor.fill("torch.empty(2, 2, 2, 2)")
    assert window.locator(".views-grid caption").all_inner_texts() == [
        f"Cells of x[{i}, {j}, :, :]" for i in range(2) for j in range(2)
    ]
    tensor.fill("torch.empty(())")
    assert way.inner_text() == "x[()] lies in cell offset = 0 = 0"
    tensor.fill("torch.empty(2, 0)")
    assert way.inner_text() == "There is no element in it."
    for large in ("torch.empty(65)", "torch.empty(1).expand(13, 5)", "(1, 1, 1, 1, 1)", "(1).expand(100000, 100000)"):
        tensor.fill(large)
        assert "No picture: it is drawn up to 4 axes and 64 elements, in at most 64 cells." in as_text(window)
    tensor.fill("torch.empty(8, 8)")
    assert tape.locator("rect").count() == 64


def test_it_is_used_by_keyboard_alone(explorer):
    window = explorer()
    tensor, _ = fields(window)
    tensor.focus()
    window.keyboard.press("Control+A")
    window.keyboard.type("torch.empty(2, 2, 3)")
    window.keyboard.press("Enter")  # sends nothing
    window.keyboard.press("Tab")
    window.keyboard.press("Control+A")
    window.keyboard.press("Delete")
    while not window.evaluate("document.activeElement.matches('.views-grid td')"):
        window.keyboard.press("Tab")
    wait_said(window, "x has size (2, 2, 3)")
    place = ".views-grid td:focus"
    for key, cell in {
        "ArrowRight": 11,  # from x[1, 1, 1]
        "ArrowLeft": 10,
        "ArrowUp": 7,
    }.items():
        window.keyboard.press(key)
        assert window.locator(place).inner_text() == str(cell)
    for key, cell in {"ArrowUp": 4, "ArrowDown": 7}.items():  # into the other grid, and back
        window.keyboard.press(key)
        assert window.locator(place).inner_text() == str(cell)
    for _ in range(9):
        window.keyboard.press("ArrowRight")
    assert window.locator(place).inner_text() == "11"  # there is none behind it
    wait_said(
        window, "x[1, 1, 2] lies in cell offset + 1·stride[0] + 1·stride[1] + 2·stride[2] = 0 + 1·6 + 1·3 + 2·1 = 11"
    )
    assert window.locator("[aria-selected='true']").count() == 1
    assert window.locator(".views-grid td[tabindex='0']").count() == 1


def test_what_is_wrong_is_told_and_the_last_picture_stays(explorer):
    window = explorer()
    tensor, shape = fields(window)
    tensor.fill("torch.empty(2, 3)")
    before = as_text(window)
    for text, sentence, at in [
        ("torch.empty(2, 3).permute(0, 0)", ".permute(0, 0) raises: permute(): duplicate dims are not allowed.", 17),
        ("torch.empty(2, 3).T[5]", "[5] raises: index 5 is out of bounds for dimension 0 with size 3", 19),
        ("torch.empty(2, 3)[::-1]", "[::-1] raises: step must be greater than zero", 17),
        (
            "torch.empty(2, -3)",
            "torch.empty(2, -3) raises: Trying to create tensor with negative dimension -3: [2, -3]",
            0,
        ),
        ("torch.empty(2, 3).numpy()", "“numpy” is not read here; expected T, mT, t, transpose,", 18),
        (
            "size=(1200, 1200) stride=(1100, 1099)",
            "The cells of this irregular layout are too many to be counted here.",
            None,
        ),
    ]:
        tensor.fill(text)
        wait_said(window, sentence)
        assert (tensor.get_attribute("aria-invalid"), shape.get_attribute("aria-invalid")) == ("true", "false")
        assert "outdated" in report(window).get_attribute("class")
        assert as_text(window) == before
        caret = window.locator(".explorer-caret").first
        assert caret.text_content() == ("" if at is None else f"{text}\n{' ' * at}^")
    tensor.fill("torch.empty(2, 3)")
    shape.fill("2, x")
    wait_said(window, "Expected a shape in whole numbers, such as 2, -1.")
    assert shape.get_attribute("aria-invalid") == "true"
    shape.fill("2, -2")  # torch is asked, and says no
    wait_said(window, "x has size (2, 3)")
    assert "x.view(2, -2) is impossible: invalid shape dimension -2 at index 1 of shape [2, -2]" in as_text(window)
    assert "outdated" not in report(window).get_attribute("class")


def test_a_link_leads_to_the_same_tensor(explorer):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    tensor, shape = fields(window)
    tensor.fill("torch.empty(5, 4)[1:]")
    shape.fill("-1")
    window.wait_for_url(lambda url: "#view=torch.empty(5,%204)[1:]&shape=-1" in url)
    other = opened_by_link(window, explorer)
    assert as_text(other) == as_text(window)
    assert "x.view(16,) works, with the stride (1,)" in as_text(other)
    other.evaluate("location.hash = '#view=(3)&shape=3'")
    other.wait_for_function("document.querySelector('.explorer input').value === '(3)'")
    other.go_back()
    other.wait_for_function("document.querySelector('.explorer input').value === 'torch.empty(5, 4)[1:]'")


@pytest.mark.parametrize(
    ("text", "shape", "printed"),
    [
        ("torch.empty(3, 4).T", "12", ["(4, 3) (1, 4) 0 False", "(1,)"]),
        ("x = zeros(3, 4)[1:]", "2, -1", ["(2, 4) (4, 1) 4 True", "(4, 1)"]),
        ("(3, 4).mT", "5", ["(4, 3) (1, 4) 0 False"]),
        ("[3].expand(2, 3)", "", ["(2, 3) (0, 1) 0 False"]),
        ("size=(2, 3) stride=(6, 2) offset=1 dtype=int64", "()", ["(2, 3) (6, 2) 1 False"]),
        (
            "torch.empty(1, 2, 3, 4).to(memory_format=torch.channels_last)",
            "1, 2, -1",
            ["(1, 2, 3, 4) (24, 1, 8, 2) 0 False", "(2, 1, 2)"],
        ),
    ],
)
def test_what_is_copied_runs(explorer, tmp_path, text, shape, printed):
    window = explorer(permissions=["clipboard-read", "clipboard-write"])
    for field, value in zip(fields(window), (text, shape), strict=True):
        field.fill(value)
    window.get_by_role("button", name="Copy as code").click()
    window.get_by_role("button", name="Copied").wait_for()
    script = tmp_path / "copied.py"
    script.write_text(window.evaluate("navigator.clipboard.readText()"), "utf-8")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == printed, run.stderr


def test_each_example_is_read(explorer):
    window = explorer()
    tensor, _ = fields(window)
    for name in ("Transposed", "Slice", "Expanded", "Windows", "channels_last", "By strides"):
        window.get_by_role("button", name=name).click()
        assert tensor.get_attribute("aria-invalid") == "false"
        assert window.locator(".views-tape svg").is_visible()
    assert window.wrong == []


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "text",
    ["torch.empty(2, 2, 2, 8)[:, 1:]", "torch.empty(3, 4).T[:, 1:]", "torch.empty(8, 8).mT", "(3, 4).permute(0)"],
)
def test_it_is_accessible_and_fits(explorer, theme, width, text):
    window = explorer(width=width, theme=theme)
    tensor, shape = fields(window)
    tensor.fill("torch.empty(2, 3)")
    tensor.fill(text)
    shape.fill("4, -1")
    window.wait_for_function("document.querySelector('.explorer-said').textContent")
    assert overflow(window) <= 0
    if width > 320:  # there, wide figures of the page scroll
        assert violations(window) == []


def test_it_works_from_a_folder_and_on_paper(explorer, built_site):
    window = explorer(base=built_site.as_uri())
    fields(window)[0].fill("(7, 1)")
    assert as_text(window).startswith("x has size (7, 1), stride (1, 1) and offset 0")
    window.emulate_media(media="print")
    assert not window.locator(".explorer").is_visible()
    assert report(window).is_visible()


def test_without_scripts_the_librarys_table_is_read(explorer):
    window = explorer(java_script_enabled=False)
    assert window.locator(".explorer").count() == 0
    assert window.locator("caption", has_text="Axes of x").is_visible()
