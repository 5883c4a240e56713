"""What is read around an exception, and that reading it raises nothing and runs nothing, whatever the program is."""

import gc
import linecache
import pickle
import sys
import threading
import traceback
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn
from trying import explained, run

from tensorglass import ErrorExplanation, explain_error
from tensorglass.errors.entry import Case, Entry
from tensorglass.errors.explain import _told
from tensorglass.errors.expression import example

MM = "mm: " if torch.__version__ >= (2, 15) else ""  # newer ones say which function refuses


def caught(function, *args):
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def names(explanation):
    return [operand.name for operand in explanation.operands]


# --- What is told ---


def test_all_fields():
    explanation = explained(
        "a = torch.ones(2, 3)\nb = torch.ones(4, 3, dtype=torch.float64)\nresult = torch.mm(a, b.float())"
    )
    assert isinstance(explanation, ErrorExplanation)
    assert (explanation.known, explanation.kind, explanation.type) == (True, "matmul", "RuntimeError")
    assert explanation.message == f"{MM}mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)"
    assert (explanation.operation, explanation.line) == ("torch.mm(a, b.float())", "program.py:3")
    assert explanation.layer is None
    first, second = explanation.operands
    assert (first.name, first.shape, first.dtype, first.device) == ("a", (2, 3), "float32", "cpu")
    assert (second.name, second.shape, second.dtype) == ("b", (4, 3), "float64")
    assert explanation.page.startswith("auto_examples/")


def test_the_table_lines_up():
    text = str(explained("a = torch.ones(2, 3)\nlonger = torch.ones(4, 3)\nresult = a @ longer"))
    assert text == (
        f"RuntimeError: {MM}mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)\n\n"
        "program.py:3: a @ longer\n\n"
        "A product of 2 by 3 with 4 by 3 needs the last size of `a` of shape (2, 3) (3) to be the first matrix size of "
        "`longer` of shape (4, 3) (4).\n\n"
        "The tensors\n\n"
        "name    shape   dtype    device\n"
        "------  ------  -------  ------\n"
        "a       (2, 3)  float32  cpu\n"
        "longer  (4, 3)  float32  cpu\n\n"
        "What mends it\n\n"
        "write         what comes out\n"
        "------------  --------------\n"
        "a @ longer.T  shape (2, 4)"
    )


def test_a_message_alone_says_what_to_print():
    explanation = explain_error("RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x784 and 128x10)")
    assert "print(x.shape, x.dtype, x.device)" in str(explanation)
    assert [fix.code for fix in explanation.fixes] == ["nn.Linear(784, 10)"]


def test_a_number_that_no_tensor_has_takes_no_memory():
    told = explain_error("IndexError: too many indices for tensor of dimension 4294967296")
    assert (told.kind, told.fixes) == ("too_many_indices", ())
    assert explain_error("IndexError: too many indices for tensor of dimension 2").fixes[0].code == "x[0, 0]"


@pytest.mark.parametrize(
    "fails",
    [lambda a, b, c: np.add(a, b, out=a), lambda a, b, c: np.where(a > 0, b, c)],
    ids=["a result is given", "three arrays"],
)
def test_a_third_shape_is_told_of(fails):
    with pytest.raises(ValueError, match="operands could not be broadcast") as caught:
        fails(np.zeros((2, 3)), np.ones((4, 3)), np.ones((6, 7)))
    for told in (explain_error(caught.value), explain_error(str(caught.value))):
        assert told.kind == "numpy_broadcast"
        assert told.cause.endswith("do not fit.")
        assert told.cause.count("(") == 3
        assert told.fixes == ()


def test_an_explanation_can_be_pickled():
    explanation = explained("a = torch.ones(2, 3)\nb = torch.ones(4, 3)\nresult = a @ b")
    assert pickle.loads(pickle.dumps(explanation)) == explanation


@pytest.mark.parametrize("wrong", [None, 3, RuntimeError, ["a"], b"bytes"])
def test_a_wrong_argument(wrong):
    with pytest.raises(
        TypeError, match=r"^explain_error\(\) got an object of class \w+; expected an exception, or its message$"
    ):
        explain_error(wrong)


def test_a_subclass_of_str_is_a_message():
    class Text(str):
        pass

    assert explain_error(Text("Target 7 is out of bounds.")).kind == "target_class"


# --- Unknown errors ---


def test_an_unknown_error_says_so_with_its_operands():
    explanation = explained("x = torch.ones(2, 3)\nresult = x.no_such_method(x)")
    assert not explanation.known
    assert (explanation.kind, explanation.fixes, explanation.page) == (None, (), None)
    assert names(explanation) == ["x"]
    assert explanation.cause == "This error is not in the catalogue: only what was running is known."
    assert explain_error("no such message").cause == "This message is not in the catalogue."


def test_a_rule_that_fails_on_a_program_still_tells_of_the_message():
    def cause(case):
        if case.is_real:
            raise IndexError
        return "because"

    entry = Entry("kind", ("wording",), "a + b", cause)
    case = Case({}, "wording", example("c"), is_real=True)
    assert _told(entry, case) == ("because", ())
    assert _told(replace(entry, cause=lambda case: case.found["no such part"]), case) == (
        "This error is known, but the message was cut off before what says why.",
        (),
    )


def test_an_error_without_tensors():
    explanation = explained("values = [1, 2]\nvalues[5]")
    assert not explanation.known
    assert explanation.operands == ()
    assert explanation.operation == "values[5]"


def test_an_exception_that_was_never_raised():
    explanation = explain_error(RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)"))
    assert explanation.kind == "matmul"
    assert (explanation.line, explanation.operands) == (None, ())


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit(), MemoryError(), StopIteration(3)]
)
def test_exceptions_that_are_no_errors(error):
    assert not explain_error(caught(lambda: (_ for _ in ()).throw(error))).known


def test_a_group_of_exceptions():
    error = caught(run, "raise ExceptionGroup('several', [ValueError('Target 7 is out of bounds.'), ValueError('b')])")
    assert not explain_error(error).known


# --- Programs of all forms ---

PAIR = "a = torch.ones(2, 3)\nb = torch.ones(4, 3)\n"
FORMS = {
    "generator": "def f(a, b):\n    yield a @ b\nnext(f(a, b))",
    "lambda": "(lambda x, y: x @ y)(a, b)",
    "comprehension": "[x @ b for x in [a]]",
    "nested comprehension": "[[x @ y for y in [b]] for x in [a]]",
    "several lines": "result = (\n    a\n    @\n    b\n)",
    "method on its own line": "result = (\n    a.abs()\n    .matmul(\n        b\n    )\n)",
    "two on one line": "c = a + 1; d = a @ b; e = a + 1",
    "f-string": 'text = f"{a @ b}"',
    "decorated": "import functools\n@functools.lru_cache\ndef f():\n    return a @ b\nf()",
    "class body": "class C:\n    product = a @ b",
    "async": "import asyncio\nasync def f():\n    return a @ b\nasyncio.run(f())",
    "walrus": "if (c := a @ b) is None:\n    pass",
    "default": "def f(x=a @ b):\n    pass",
    "starred": "f = lambda *args: args[0] @ args[1]\nf(*[a, b])",
    "attribute": "class Box:\n    pass\nbox = Box()\nbox.a, box.b = a, b\nresult = box.a @ box.b",
    "items": "pair = {'a': a, 'b': [b]}\nresult = pair['a'] @ pair['b'][0]",
    "not ASCII": "größe = a\nresult = 'ä', größe @ b",
    "match": "match 1:\n    case 1:\n        a @ b",
    "finally": "try:\n    pass\nfinally:\n    a @ b",
    "with": "with torch.no_grad():\n    a @ b",
    "nested functions": (
        "def outer():\n    inner_a = a\n    def inner():\n        return inner_a @ b\n    return inner()\nouter()"
    ),
    "exec": "exec('a @ b')",
    "eval": "eval('a @ b')",
    "map": "list(map(lambda x: x @ b, [a]))",
    "sorted by a key": "sorted([a, b], key=lambda x: (x @ b).sum())",
}


@pytest.mark.parametrize("form", FORMS)
def test_programs_of_all_forms(form):
    explanation = explained(PAIR + FORMS[form])
    assert explanation.kind == "matmul"
    if "comprehension" in form and sys.version_info >= (3, 12):  # its variables are gone when the error is explained
        assert explanation.cause.startswith("A product of 2 by 3 with 4 by 3 needs the last size of `")
        return
    shapes = [operand.shape for operand in explanation.operands]
    assert (2, 3) in shapes
    assert (4, 3) in shapes
    assert str(explanation)
    assert explanation._repr_html_()


def test_deleted_names_are_named_without_shapes():
    explanation = explained(
        "def f(a, b):\n    try:\n        return a @ b\n    finally:\n"
        "        del a\nf(torch.ones(2, 3), torch.ones(4, 3))"
    )
    assert explanation.kind == "matmul"
    assert names(explanation) == ["b"]


def test_cleared_frames():
    error = caught(run, PAIR + "def f(a, b):\n    return a @ b\nf(a, b)")
    traceback.clear_frames(error.__traceback__)
    explanation = explain_error(error)
    assert explanation.kind == "matmul"
    assert explanation.operation == "a @ b"


def test_a_thread():
    found = []

    def work():
        try:
            run(PAIR + "result = a @ b")
        except RuntimeError as error:
            found.append(explain_error(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert names(found[0]) == ["a", "b"]


def test_source_that_has_changed_since():
    error = caught(run, PAIR + "result = a @ b")
    lines = ["# nothing\n", "is as it was (\n"]
    linecache.cache["program.py"] = (20, None, lines, "program.py")
    explanation = explain_error(error)
    assert (explanation.kind, explanation.operation) == ("matmul", None)
    assert {"a", "b"} <= set(names(explanation))


def test_source_that_is_not_there():
    error = caught(run, PAIR + "result = a @ b")
    linecache.cache["program.py"] = (0, None, [], "program.py")
    assert {"a", "b"} <= set(names(explain_error(error)))


def test_deep_recursion():
    error = caught(run, "def f(n):\n    return f(n + 1)\nf(0)")
    assert isinstance(error, RecursionError)
    assert not explain_error(error).known


def test_an_expression_that_is_too_deep_for_the_parser():
    deep = "a" + " + a" * 900
    error = caught(run, f"a = torch.ones(2, 3)\nb = torch.ones(4, 3)\nresult = ({deep}) @ b")
    assert explain_error(error).known


# --- Nothing is run ---


class Guarded:
    """Whatever is asked of it beyond what it stores fails, and is counted."""

    asked: ClassVar[list[str]] = []

    def __init__(self, tensor):
        self.tensor = tensor

    @property
    def a(self):
        self.asked.append("property")
        return self.tensor

    def __getattr__(self, name):
        self.asked.append(name)
        raise RuntimeError("asked")

    def __getitem__(self, index):
        self.asked.append("item")
        return self.tensor

    def __repr__(self):
        self.asked.append("repr")
        raise RuntimeError("shown")

    __str__ = __repr__

    def __eq__(self, other):
        self.asked.append("eq")
        raise RuntimeError("compared")

    __hash__ = None


def test_no_property_is_asked_and_no_method_is_called():
    Guarded.asked.clear()

    def f():
        box, b = Guarded(torch.ones(2, 3)), torch.ones(4, 3)
        return box.a @ b + box[0]

    error = caught(f)
    before = list(Guarded.asked)
    explanation = explain_error(error)
    str(explanation)
    assert before == Guarded.asked
    assert names(explanation) == ["b"]


def test_a_failing_class_attribute_is_not_asked():
    class Odd:
        @property
        def __class__(self):
            raise RuntimeError("asked")

    odd = Odd()
    explanation = explain_error(caught(lambda: torch.ones(2, 3) @ torch.add(odd, torch.ones(2))))
    assert not explanation.known


def test_tensors_that_cannot_be_shown():
    class Silent(torch.Tensor):
        def __repr__(self):
            raise RuntimeError("shown")

        @property
        def shape(self):
            raise RuntimeError("asked")

    a = torch.ones(2, 3).as_subclass(Silent)
    b = torch.ones(4, 3)
    explanation = explain_error(caught(lambda: a @ b))
    assert explanation.operands[0].shape == (2, 3)
    assert str(explanation)


def test_no_torch_function_is_called():
    calls = []

    class Counted(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            calls.append(func)
            return super().__torch_function__(func, types, args, kwargs)

    a = torch.ones(2, 3).as_subclass(Counted)
    error = caught(lambda: a @ torch.ones(4, 3))
    before = len(calls)
    assert explain_error(error).kind == "matmul"
    assert len(calls) == before


def test_huge_tensors_take_no_time_and_memory():
    a = torch.ones(1).expand(10**6, 10**6)
    b = torch.ones(1).expand(10**3, 10**9)
    explanation = explain_error(caught(lambda: a + b))
    assert explanation.operands[0].shape == (10**6, 10**6)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    "make", [lambda: torch.eye(2).to_sparse(), lambda: torch.nested.nested_tensor([torch.ones(2)])]
)
def test_tensors_without_a_plain_layout(make):
    odd = make()
    explanation = explain_error(caught(lambda: torch.mm(odd, torch.ones(3, 3, 3))))
    assert str(explanation)
    assert "odd" in names(explanation)


def test_fake_and_meta_tensors():
    explanation = explained(
        "from torch._subclasses import FakeTensorMode\nwith FakeTensorMode():\n"
        "    a = torch.ones(2, 3)\n    b = torch.ones(4, 3)\n"
        "    result = a @ b"
    )
    assert "a" in names(explanation)
    meta = explained(
        "a = torch.ones(2, 3, device='meta')\nb = torch.ones(4, 3, device='meta')\nresult = torch.mm(a, b)"
    )
    assert [operand.device for operand in meta.operands] == ["meta", "meta"]


def test_nothing_is_kept_alive():
    class Kept(torch.Tensor):
        pass

    def f():
        a = torch.ones(2, 3).as_subclass(Kept)
        return a @ torch.ones(4, 3)

    explanation = explain_error(caught(f))
    assert explanation.known
    gc.collect()
    assert not [thing for thing in gc.get_objects() if type(thing) is Kept]


def test_the_program_is_as_it_was():
    def f(a, b):
        c = 3
        return a @ b, c

    error = caught(f, torch.ones(2, 3), torch.ones(4, 3))
    before = traceback.format_exception(error)
    explain_error(error)
    assert traceback.format_exception(error) == before
    assert not hasattr(error, "__notes__")


# --- Layers ---


class Block(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.fc1 = nn.Linear(features, 8)
        self.scale = nn.Parameter(torch.ones(5))

    def forward(self, x):
        return self.fc1(x) * self.scale


class Net(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.encoder = nn.ModuleList([nn.ReLU(), nn.ReLU(), Block(features)])

    def forward(self, x):
        for layer in self.encoder:
            x = layer(x)
        return x


def test_a_layer_is_named_by_its_path():
    explanation = explain_error(caught(Net(100), torch.ones(4, 784)))
    assert explanation.layer == "encoder.2.fc1"
    assert "`encoder.2.fc1` (Linear) takes 100 features" in explanation.cause
    assert "784 came" in explanation.cause
    assert names(explanation) == ["x", "self.fc1.weight"]
    assert explanation.operation == "self.fc1(x)"


def test_an_expression_in_a_forward_of_ones_own():
    explanation = explain_error(caught(Net(100), torch.ones(4, 100)))
    assert explanation.kind == "broadcast"
    assert explanation.layer == "encoder.2"
    assert names(explanation) == ["x", "self.scale"]
    assert explanation.operation == "self.fc1(x) * self.scale"


def test_a_layer_inside_a_container_of_torch():
    explanation = explained(
        "model = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(6, 2)))\n"
        "x = torch.ones(4, 3, 4)\nresult = model(x)"
    )
    assert explanation.layer == "1.2"
    assert [(operand.name, operand.shape) for operand in explanation.operands] == [
        ("x", (4, 3, 4)),
        ("input of 1.2", (4, 5)),
        ("1.2.weight", (2, 6)),
    ]
    (fix,) = explanation.fixes
    assert (fix.code, fix.replaces) == ("nn.Linear(5, 2)", "nn.Linear(6, 2)")


def test_a_layer_that_is_called_and_not_registered():
    class Outer(nn.Module):
        def forward(self, x):
            return nn.Linear(3, 2)(x)

    explanation = explain_error(caught(Outer(), torch.ones(4, 5)))
    assert explanation.layer == "Linear"
    assert "takes 3 features" in explanation.cause


def test_a_shared_and_a_circular_module():
    model = nn.Sequential(nn.Linear(3, 2))
    model.append(model[0])
    model.__dict__["itself"] = model
    assert explain_error(caught(model, torch.ones(4, 5))).layer == "0"


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")
@pytest.mark.parametrize("wrap", [torch.nn.DataParallel, torch.jit.script])
def test_wrapped_modules(wrap):
    explanation = explain_error(caught(wrap(nn.Linear(3, 2)), torch.ones(4, 5)))
    assert str(explanation)


def test_a_large_list_of_operands_is_cut():
    rows = [torch.ones(2) for _ in range(50)] + [torch.ones(3)]
    explanation = explain_error(caught(lambda: torch.stack(rows)))
    assert explanation.kind == "stack"
    assert len(explanation.operands) <= 12


def test_python_without_columns(monkeypatch):
    from tensorglass.errors import source

    error = caught(run, PAIR + "result = a @ b")
    monkeypatch.setattr(source, "span_of", lambda code, instruction: None)
    explanation = explain_error(error)
    assert explanation.operation is None
    assert {"a", "b"} <= set(names(explanation))


def test_the_module_of_the_reader_is_not_the_programs():
    error = caught(explain_error, 3)
    assert explain_error(error).line.startswith("test_explain.py:")
    assert sys.exc_info() == (None, None, None)


def test_a_line_in_an_installed_package_has_a_caller(tmp_path, monkeypatch):
    from tensorglass.errors import source

    folders = source._folders()
    monkeypatch.setattr(source, "_folders", lambda: (*folders[:2], ("installed/",)))
    package = (
        "from contextlib import contextmanager\n"
        "@contextmanager\n"
        "def quietly():\n"
        "    yield\n"
        "@quietly()\n"  # which calls it from a file of Python's own
        "def product(a, b):\n"
        "    return a @ b"
    )
    linecache.cache["installed/package.py"] = (1, None, package.splitlines(keepends=True), "installed/package.py")
    names_there = {}
    exec(compile(package, "installed/package.py", "exec"), names_there)
    error = caught(names_there["product"], torch.ones(2, 3), torch.ones(4, 3))
    explanation = explain_error(error)
    assert explanation.line == "package.py:7"
    assert explanation.caller.startswith("test_explain.py:")
    assert f"called from {explanation.caller}" in str(explanation)
    assert explained(PAIR + "result = a @ b").caller is None


def test_what_nobody_foresaw_is_no_second_error(monkeypatch):
    from tensorglass.errors import explain

    def broken(*_):
        raise RuntimeError("second")

    error = caught(run, PAIR + "result = a @ b")
    for name in ("failing_layer", "operands_of", "expression_of"):
        with monkeypatch.context() as patched:
            patched.setattr(explain, name, broken)
            explanation = explain_error(error)
        assert (explanation.kind, explanation.line) == ("matmul", None)


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        ("weight of size [8, 3, 3, 3], expected input[4, 28, 32, 3] to have 3 channels, but got 28 channels instead",
         ["layer(x.movedim(-1, 1))"]),
        ("weight of size [8, 3, 3, 3], expected input[1, 28, 32, 3] to have 3 channels, but got 28 channels instead",
         ["layer(x.movedim(-1, -3))"]),
        ("weight of size [8, 1, 3, 3], expected input[1, 32, 28, 28] to have 1 channels, but got 32 channels instead",
         ["layer(x[:, None])", "nn.Conv2d(32, out_channels, kernel_size)"]),
        ("weight of size [8, 3, 3, 3], expected input[2, 1, 8, 8] to have 3 channels, but got 1 channels instead",
         ["layer(x.expand(-1, 3, -1, -1))", "nn.Conv2d(1, out_channels, kernel_size)"]),
        ("weight of size [8, 3, 3, 3], expected input[2, 4, 8, 8] to have 3 channels, but got 4 channels instead",
         ["layer(x[:, :3])", "nn.Conv2d(4, out_channels, kernel_size)"]),
    ],
)  # fmt: skip
def test_channels_from_a_message_alone(message, codes):
    assert [fix.code for fix in explain_error(f"Given groups=1, {message}").fixes] == codes


def test_a_convolution_without_a_batch_is_told_of_its_own_axes():
    told = explained("layer = nn.Conv2d(1, 8, 3)\nx = torch.ones(32, 9, 9)\nresult = layer(x)")
    assert "of (32, 9, 9) axis 0 is its channels, and 32 came" in told.cause
    assert [fix.code for fix in told.fixes] == ["layer(x[:, None])", "nn.Conv2d(32, 8, 3)"]


def test_no_layer_for_the_rows_of_images_with_channels_last():
    told = explained("layer = nn.Conv2d(3, 8, 3)\nx = torch.ones(8, 9, 3)\nresult = layer(x)")
    assert [fix.code for fix in told.fixes] == ["layer(x.movedim(-1, 0))"]


def test_the_last_batch_of_one_is_dropped_where_batches_are_made():
    start = "layer = nn.BatchNorm1d(3)\nloader = torch.utils.data.DataLoader(torch.ones(5, 3), "
    told = explained(f"{start}batch_size=2)\nfor x in loader:\n    layer(x)")
    assert told.fixes[0].code == "torch.utils.data.DataLoader(torch.ones(5, 3), batch_size=2, drop_last=True)"
    assert told.fixes[1].code == "layer.eval()(x)"
    told = explained(f"{start}batch_size=1, shuffle=True)\nfor x in loader:\n    layer(x)")  # all batches are
    assert [fix.code for fix in told.fixes] == ["layer.eval()(x)"]


def test_group_normalization_has_no_other_mode():
    told = explained("layer = nn.GroupNorm(3, 3)\nx = torch.ones(1, 3)\nresult = layer(x)")
    assert "each group of channels" in told.cause
    assert [fix.code for fix in told.fixes] == ["nn.GroupNorm(1, 3)"]
