"""Each error of the catalogue, raised by a program; each fix put into its place; and messages of strangers."""

import re
import sys
from collections import Counter
from pathlib import Path

import numpy
import pytest
import torch
from reproductions import PROGRAMS, WITHOUT_CUDA, WITHOUT_CUDA_BY_NAME
from trying import explained, run

from tensorglass import explain_error
from tensorglass.errors.catalogue import ENTRIES, recognized
from tensorglass.errors.explain import _NO_NUMBERS
from tensorglass.errors.messages import Message

OF_ANY_VERSION = [*PROGRAMS, WITHOUT_CUDA, WITHOUT_CUDA_BY_NAME]
ALL = [program for program in OF_ANY_VERSION if torch.__version__ >= program.since]
# Their cause lies elsewhere than in the expression that fails: what mends them has no one place in the source.
WITHOUT_A_PLACE = {"gpu_memory", "device_assert", "no_parameters", "nan", "lookup"}


def named(program):
    return program.kind


@pytest.mark.parametrize("program", ALL, ids=named)
def test_it_is_raised_and_known_and_names_its_operands(program):
    explanation = explained(program.source)
    assert explanation.known
    assert explanation.kind in program.kind.split("|")
    assert set(program.operands.split()) <= {operand.name for operand in explanation.operands}
    assert explanation.line.startswith("program.py:")
    assert explanation.operation in program.source or "in a batch" in explanation.cause
    assert explanation.cause.endswith(".")
    assert str(explanation)
    assert explanation._repr_html_()


def put_in_place(program, explanation, fix):
    """Return the program with a fix where it belongs; the failing expression is what comes last."""
    if fix.replaces == explanation.operation:
        before, found, after = program.source.rpartition(fix.replaces)
        assert found
        return before + fix.code + after
    assert program.source.count(fix.replaces) == 1
    return program.source.replace(fix.replaces, fix.code)


def claimed_shape(fix):
    """Return the shape that a fix says comes out, where it says so of the whole expression."""
    found = re.match(r"shape \(([\d, ]*)\)", fix.result)
    return found and tuple(int(size) for size in found[1].split(",") if size.strip())


def shape_of_result(names):
    result = names.get("result")
    return tuple(result.shape) if hasattr(result, "shape") else None


@pytest.mark.parametrize("program", ALL, ids=named)
def test_each_fix_in_its_place_runs_and_gives_what_it_says(program):
    explanation = explained(program.source)
    tried = 0
    for fix in explanation.fixes:
        if fix.replaces is not None:
            tried += 1
            names = run(put_in_place(program, explanation, fix))
            if claimed_shape(fix) is not None and shape_of_result(names) is not None:
                assert shape_of_result(names) == claimed_shape(fix)
    assert bool(tried) == program.fixes


def test_each_kind_has_a_program_and_a_fix():
    kinds = [entry.kind for entry in ENTRIES]
    assert len(kinds) == len(set(kinds))
    assert {kind for program in OF_ANY_VERSION for kind in program.kind.split("|")} == set(kinds)
    fixed = {kind for program in OF_ANY_VERSION if program.fixes for kind in program.kind.split("|")}
    assert set(kinds) - fixed == WITHOUT_A_PLACE


@pytest.mark.parametrize("program", ALL, ids=named)
def test_a_pasted_message_is_recognized_with_other_numbers(program):
    explanation = explained(program.source)
    entry = next(entry for entry in ENTRIES if entry.kind == explanation.kind)
    message = with_other_numbers(entry, explanation.message)
    for pasted in (
        message,
        f"{explanation.type}: {message}",
        f"Traceback:\n  File 'a.py'\n{explanation.type}: {message}",
    ):
        told = explain_error(pasted)
        assert told.kind == explanation.kind
        assert told.operands == ()
        assert (told.line, told.operation) == (None, None)
        assert all(fix.replaces is None for fix in told.fixes)


def with_other_numbers(entry, message):
    """Return the message with all numbers changed in what its wording leaves open."""
    (found,) = [found for pattern in entry.regexes if (found := pattern.search(message))][:1]
    spans = sorted({found.span(name) for name in found.groupdict() if found[name]}, reverse=True)
    for start, end in spans:
        changed = re.sub(r"(?<![\w.])\d+(?![.\w])", lambda number: str(int(number[0]) + 3), message[start:end])
        message = message[:start] + changed + message[end:]
    return message


def test_no_wording_is_that_of_another_kind():
    """Of each message that a program raises, all patterns that find something belong to one kind."""
    for program in ALL:
        explanation = explained(program.source)
        kinds = {entry.kind for entry in ENTRIES if entry.match(explanation.message) is not None}
        # The general wording of two dtypes comes after that of a target, and includes it in old versions.
        assert kinds - {"scalar_type", "state_keys"} <= {explanation.kind} or kinds == {explanation.kind}


@pytest.mark.parametrize(
    ("reserved", "in_pieces"),
    [("2.30 GiB", True), ("256.00 MiB", True), ("255.99 MiB", False), ("900.00 KiB", False), ("512 bytes", False)],
)
def test_memory_in_pieces_is_told_where_it_would_suffice(reserved, in_pieces):
    text = f"2.93 GiB is allocated by PyTorch, and {reserved} is reserved by PyTorch but unallocated."
    explanation = explain_error(
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 256.00 MiB. GPU 0 has a total capacity of 8.00 "
        f"GiB of which 10.00 MiB is free. Of the allocated memory {text}"
    )
    assert ("expandable_segments:True" in explanation.fixes[0].code) == in_pieces
    assert "256.00 MiB were asked for, and 10.00 MiB are free" in explanation.cause


# --- Files of weights ---


def told(missing, unexpected):
    names = [", ".join(f'"{name}"' for name in each) for each in (missing, unexpected)]
    return explain_error(
        f"RuntimeError: Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: {names[0]}. \n\t"
        f"Unexpected key(s) in state_dict: {names[1]}. "
    )


@pytest.mark.parametrize(
    ("prefix", "who"),
    [
        ("module.", "DataParallel"),
        ("_orig_mod.", "torch.compile"),
        ("module._orig_mod.", "torch.compile in DataParallel"),
        ("_orig_mod.module.", "DataParallel in torch.compile"),
        ("encoder.", "a module around the model"),
        ("model.encoder.", "a module around the model"),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_any_prefix_is_found(prefix, who, in_file):
    plain = ["weight", "0.weight", "bias"]
    wrapped = [prefix + name for name in plain]
    explanation = told(plain, wrapped) if in_file else told(wrapped, plain)
    assert f"`{prefix}`" in explanation.cause
    assert f"those of the {'file' if in_file else 'model'} have: {who} puts it there" in explanation.cause
    assert (f'key.removeprefix("{prefix}")' if in_file else f'f"{prefix}{{key}}"') in explanation.fixes[0].code


def test_a_prefix_that_only_some_names_have_is_none():
    explanation = told(["weight", "bias"], ["module.weight", "other.scale"])
    assert "prefix" not in explanation.cause
    assert "strict=False" in explanation.fixes[0].code


@pytest.mark.parametrize("name", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_with_more_than_weights(name):
    explanation = told(["weight", "bias"], ["epoch", name, "optimizer"])
    assert f"these seem to stand under `{name}`" in explanation.cause
    assert [fix.code for fix in explanation.fixes] == [f'model.load_state_dict(state_dict["{name}"])']


@pytest.mark.parametrize(("byte", "begins"), [(60, "<"), (118, "v"), (123, "{"), (149, None)])
def test_what_is_no_file_of_torch(byte, begins):
    explanation = explain_error(
        f"UnpicklingError: Weights only load failed. WeightsUnpickler error: \n\nUnsupported operand {byte}\n\nCheck"
    )
    assert explanation.kind == "weights_only"
    assert (f"it begins with `{begins}`" in explanation.cause) == (begins is not None)
    assert ("weights_only=False" in explanation.fixes[-1].code) == (begins is None)


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("exec", "was not an allowed global by default."),
        ("builtins.eval", "was not an allowed global by default."),
        ("__builtin__.print", "was not an allowed global by default."),
        ("posix.system", "whose module posix is blocked."),
    ],
)
def test_a_function_is_not_to_be_allowed(name, tail):
    """`safe_globals([exec])` would run what the file says, and `weights_only=False` too."""
    wording = "Trying to load unsupported GLOBAL" if "blocked" in tail else "Unsupported global: GLOBAL"
    explanation = explain_error(
        f"UnpicklingError: Weights only load failed. WeightsUnpickler error: {wording} {name} {tail}"
    )
    assert explanation.kind == "weights_only"
    assert f"This file calls `{name}` when it is read" in explanation.cause
    assert [fix.code for fix in explanation.fixes] == ["torch.serialization.get_unsafe_globals_in_checkpoint(path)"]


@pytest.mark.parametrize("name", ["frozenset", "builtins.slice", "collections.deque", "own.exec", "missing"])
def test_a_class_may_be_allowed(name):
    explanation = explain_error(f"UnpicklingError: Weights only load failed. GLOBAL {name} was not an allowed global")
    assert explanation.fixes[0].code == f"torch.serialization.add_safe_globals([{name}])"
    assert "never a function" in explanation.fixes[0].result


@pytest.mark.parametrize(("inside", "who"), [("_orig_mod.", "torch.compile"), ("module.", "DataParallel")])
def test_a_prefix_in_the_middle_is_taken_out(inside, who):
    explanation = told(["0.weight", "0.bias"], [f"0.{inside}weight", f"0.{inside}bias"])
    assert f"`{inside}` in their middle, which {who} around a part of the model puts there" in explanation.cause
    assert f'key.replace("{inside}", "")' in explanation.fixes[0].code
    other = told(["0.weight"], [f"0.{inside}weight", "1.bias"])
    assert "middle" not in other.cause


def test_a_class_that_is_not_allowed_is_named():
    explanation = explain_error(
        "UnpicklingError: Weights only load failed. WeightsUnpickler error: Unsupported global: GLOBAL "
        "argparse.Namespace was not an allowed global by default."
    )
    assert explanation.cause.endswith("this one holds `argparse.Namespace`.")
    assert explanation.fixes[0].code == "torch.serialization.add_safe_globals([argparse.Namespace])"


# --- Messages of strangers ---


def corpus():
    """Return the kind and the text of each message that was collected, None for those that are none of ours."""
    lines = (Path(__file__).parent / "messages.txt").read_text("utf-8").splitlines()
    pairs = [line.split("\t", 1) for line in lines if not line.startswith("#")]
    return [(None if kind == "-" else kind, unescaped(text)) for kind, text in pairs]


def unescaped(text):
    return re.sub(r"\\([nt\\])", lambda found: {"n": "\n", "t": "\t", "\\": "\\"}[found[1]], text)


def test_messages_of_strangers_are_sorted():
    messages = corpus()
    foreign = sum(kind is None for kind, _ in messages)
    assert len(messages) >= 200
    assert foreign >= 0.15 * len(messages)
    outcomes = Counter()
    for kind, text in messages:
        found = explain_error(text).kind
        outcomes["right" if found == kind else "missed" if found is None else "wrong"] += 1
    assert outcomes == {"right": len(messages)}


def test_what_strangers_were_told_says_why():
    for kind, text in corpus():
        told = explain_error(text)
        assert told.known == (kind is not None)
        assert told.cause != _NO_NUMBERS
        assert str(told).startswith(f"{told.type}: {told.message}" if told.type else told.message)


def test_most_kinds_are_among_the_messages():
    kinds = {kind for kind, _ in corpus()} - {None}
    assert kinds <= {entry.kind for entry in ENTRIES}
    assert len(kinds) > 0.85 * len(ENTRIES)


@pytest.mark.parametrize(
    "of_python", [KeyError, NameError, SyntaxError, ImportError, ModuleNotFoundError, UnicodeDecodeError]
)
def test_what_python_raises_itself_is_none_of_ours(of_python):
    assert recognized(Message(of_python.__name__, "index out of range in self")) is None
    assert recognized(Message("IndexError", "index out of range in self")) is not None


def test_of_a_very_long_message_the_beginning_counts():
    wording = "index out of range in self"
    assert recognized(Message("", wording.rjust(20_000))) is not None
    assert recognized(Message("", wording.rjust(20_001))) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "the size of tensor a must match the size of tensor b",
        "size mismatch",
        "mat1 and mat2 shapes cannot be multiplied",
        "CUDA error: unspecified launch failure",
        "expected scalar",
        "index 3 is out of bounds",
        "",
    ],
)
def test_less_than_the_wording_is_not_enough(sentence):
    assert not explain_error(sentence).known


# --- Refutations: what looks like an error of torch and is one of something else ---


def test_an_expression_that_does_not_fit_the_message_gets_no_fix():
    """The message speaks of other shapes than the operands that the frame has: the call failed further inside."""
    message = "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"
    explanation = explained(
        f"a = torch.ones(5)\nb = torch.ones(5)\nif a.sum() + b.sum():\n    raise RuntimeError('{message}')"
    )
    assert explanation.kind == "broadcast"
    assert explanation.fixes == ()
    assert "`a`" not in explanation.cause


def test_operands_are_named_in_their_order():
    explanation = explained("second = torch.ones(4, 3)\nfirst = torch.ones(2, 3)\nresult = first @ second")
    assert [operand.name for operand in explanation.operands] == ["first", "second"]
    assert "`first` of shape (2, 3) (3)" in explanation.cause
    assert explanation.fixes[0].code == "first @ second.T"
    reversed_ = explained("second = torch.ones(4, 3)\nfirst = torch.ones(2, 3)\nresult = second @ first")
    assert "last size of `second` of shape (4, 3) (3)" in reversed_.cause


def test_a_pasted_product_tells_its_factors_apart():
    cause = explain_error("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)").cause
    assert "the last size of the left (3) to be the first matrix size of the right (4)" in cause


def test_without_data_the_axis_is_counted_from_the_end():
    sizes = "a = torch.ones(4, 2, 3, device='meta')\nb = torch.ones(5, 3, device='meta')\n"
    for operation, told in {
        "a + b": "in axis 1 of the result the size 2 of `a` of shape (4, 2, 3) meets the size 5 of `b` of shape (5, 3)",
        "b + a": "in axis 1 of the result the size 5 of `b` of shape (5, 3) meets the size 2 of `a` of shape (4, 2, 3)",
    }.items():
        assert told in explained(f"{sizes}result = {operation}").cause


def test_a_number_for_a_layer_gets_an_axis_where_the_layer_takes_one_feature():
    fitting, other = (
        explained(f"layer = nn.Linear({size}, 5)\nx = torch.tensor(2.0)\nresult = layer(x)") for size in (1, 2)
    )
    assert [fix.code for fix in fitting.fixes] == ["layer(x[None])"]
    assert other.fixes == ()
    assert "`x` of shape () has no axis" in other.cause
    pasted = explain_error("both arguments to linear need to be at least 1D, but they are 0D and 2D")
    assert [fix.code for fix in pasted.fixes] == ["layer(x[None])"]


def test_the_mended_product_is_the_right_one():
    names = run("a = torch.arange(6.).reshape(2, 3)\nb = torch.arange(12.).reshape(4, 3)\nresult = a @ b.T")
    fix = explained("a = torch.arange(6.).reshape(2, 3)\nb = torch.arange(12.).reshape(4, 3)\nresult = a @ b").fixes[0]
    mended = run(f"a = torch.arange(6.).reshape(2, 3)\nb = torch.arange(12.).reshape(4, 3)\nresult = {fix.code}")
    numpy.testing.assert_array_equal(mended["result"], names["result"])


def test_an_outer_product_is_offered_with_a_warning_alone():
    explanation = explained("a = torch.ones(2, 3)\nb = torch.ones(2, 4)\nresult = a + b")
    assert explanation.fixes
    assert all("only if that is meant" in fix.result for fix in explanation.fixes)


@pytest.mark.parametrize("compared", ["scores == labels", "labels != scores", "torch.eq(scores, labels)"])
@pytest.mark.parametrize(("dtype", "codes"), [("torch.int64", ".argmax(1)"), ("torch.float32", "[:, None]")])
def test_scores_are_not_compared_with_numbers_of_classes(compared, dtype, codes):
    """`scores == labels[:, None]` would run, and count where a score is the number of its class."""
    source = f"scores = torch.rand(32, 10)\nlabels = torch.ones(32, dtype={dtype})\nresult = {compared}"
    fixes = explained(source).fixes
    name = "scores" if codes == ".argmax(1)" else "labels"
    assert [fix.code for fix in fixes] == [compared.replace(name, name + codes)]


def test_other_comparisons_get_an_axis():
    (whole,) = explained("a = torch.ones(32, 10).long()\nb = torch.ones(32).long()\nresult = a == b").fixes
    assert whole.code == "a == b[:, None]"
    (less,) = explained("a = torch.ones(32, 10)\nb = torch.ones(32).long()\nresult = a < b").fixes
    assert less.code == "a < b[:, None]"


@pytest.mark.parametrize(("sizes", "layer"), [("8, 8", "Conv2d"), ("8, 8, 8", "Conv3d")])
@pytest.mark.parametrize(("a", "b"), [(64, 128), (128, 64)])
def test_channels_that_differ_are_no_outer_product(sizes, layer, a, b):
    source = f"a = torch.ones(2, {a}, {sizes})\nb = torch.ones(2, {b}, {sizes})\nresult = a + b"
    (fix,) = explained(source).fixes
    assert (fix.code, fix.replaces) == (f"nn.{layer}(64, 128, 1)", None)
    assert f"gives {'a' if a < b else 'b'} those of the other" in fix.result
    names = run(source.replace("result = a + b", f"result = {fix.code}({'a' if a < b else 'b'})"))
    assert names["result"].shape[1] == 128


@pytest.mark.parametrize(
    ("a", "b"), [("2, 64, 8", "2, 128, 8"), ("2, 64, 8, 8", "3, 128, 8, 8"), ("4, 5, 6, 7", "4, 5, 6, 8")]
)
def test_where_it_is_not_the_channels_an_outer_product_has_a_warning(a, b):
    fixes = explained(f"a = torch.ones({a})\nb = torch.ones({b})\nresult = a + b").fixes
    assert fixes
    assert all("only if that is meant" in fix.result for fix in fixes)


def test_losses_are_not_mended_by_stretching():
    source = (
        "x = torch.ones(4, 3)\ny = torch.ones(4)\nimport warnings\nwarnings.simplefilter('ignore')\nF.mse_loss(x, y)"
    )
    explanation = explained(source)
    assert explanation.kind == "broadcast"
    assert explanation.fixes == ()


def test_only_the_tensor_that_was_changed_is_named():
    """Another has its shape and was changed as often, and is not what the function returned."""
    explanation = explained(
        "x = torch.ones(3, requires_grad=True)\nother = torch.zeros(3)\nother += 1\n"
        "y = x.exp()\ny += 1\nz = y.sum()\nz.backward()"
    )
    assert "`y`" in explanation.cause
    assert "other" not in explanation.cause
    assert "in line 5" in explanation.cause
    assert [fix.replaces for fix in explanation.fixes] == ["y += 1"]


def test_a_changed_leaf_is_named():
    explanation = explained(
        "w = torch.ones(3, requires_grad=True)\ny = (w * w).sum()\nwith torch.no_grad():\n    w -= 0.1\ny.backward()"
    )
    assert explanation.kind == "changed_in_place"
    assert "`w`" in explanation.cause
    assert "in line 4" in explanation.cause


def test_what_overwrote_an_input_is_not_called_what_made_it():
    explanation = explained("w = torch.ones(3, requires_grad=True)\nh = w.exp()\ny = h * w\nh += 1\ny.sum().backward()")
    assert "Add" in explanation.message
    assert "Add" not in explanation.cause
    assert "in line 4" in explanation.cause
    assert [fix.code for fix in explanation.fixes] == ["h = h + 1"]


def test_an_optimizer_that_overwrote_the_weights_is_named():
    source = (
        "model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\ny = model(torch.ones(1, 2)).sum()\n"
        "y.backward(retain_graph=True)\noptimizer.step()\ny.backward()"
    )
    explanation = explained(source)
    assert "`optimizer.step()` in line 5" in explanation.cause
    assert [fix.code for fix in explanation.fixes] == ["y.backward(); optimizer.step()"]


def test_a_write_in_a_layer_has_what_to_look_for():
    explanation = explained(
        "model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.ReLU(inplace=True))\n"
        "model(torch.ones(1, 2)).sum().backward()"
    )
    assert "the output of Tanh" in explanation.cause
    assert "nn.ReLU()" in {fix.code for fix in explanation.fixes}
    assert all(fix.replaces is None for fix in explanation.fixes)


def test_a_leaf_is_changed_where_the_change_is_counted():
    """Through `.data` it would not be, and a graph that kept the old values would give a wrong gradient."""
    statement = explained("w = torch.ones(3, requires_grad=True)\nw.fill_(0)")
    assert statement.fixes[0].code == "with torch.no_grad(): w.fill_(0)"
    within = explained("w = torch.ones(3, requires_grad=True)\nresult = w.mul_(2)")
    assert within.fixes[0].code == "w.detach().mul_(2)"


@pytest.mark.parametrize(
    ("lines", "cut"),
    [
        ("out = net(x)\nguess = out.argmax(dim=1)\nloss = guess.float().mean()", "`out.argmax(dim=1)` in line 4"),
        (
            "losses = []\nfor _ in range(2):\n    losses.append(net(x).mean().item())\n"
            "loss = torch.tensor(losses).mean()",
            "`net(x).mean().item()` in line 5",
        ),
        (
            "import warnings\nwarnings.simplefilter('ignore')\nlosses = [net(x).mean(), net(x).sum()]\n"
            "loss = torch.tensor(losses).mean()",
            "`torch.tensor(losses)` in line 6",
        ),
        ("out = net(x)\nout = out.detach()\nloss = out.mean()", "`out.detach()` in line 4"),
        ("with torch.no_grad():\n    loss = net(x).mean()", "`torch.no_grad()` in line 3"),
    ],
)
def test_what_cuts_off_the_graph_is_named(lines, cut):
    """And no tensor is proposed that requires a gradient behind the cut: the parameters would get none."""
    source = f"net = nn.Linear(3, 2)\nx = torch.ones(4, 3)\n{lines}\nloss.backward()"
    explanation = explained(source)
    assert explanation.kind == "no_graph"
    assert cut in explanation.cause
    assert explanation.fixes == ()


def test_a_conversion_of_the_target_is_not_said_to_cut_off_the_graph():
    explanation = explained(
        "net = nn.Linear(3, 2).requires_grad_(False)\nx = torch.ones(4, 3)\ny = torch.zeros(4)\n"
        "target = y.long()\nloss = F.cross_entropy(net(x), target)\nloss.backward()"
    )
    assert "cuts off" not in explanation.cause


def test_a_gradient_is_asked_of_what_was_made_and_not_of_what_was_computed_from_it():
    explanation = explained("numbers = [1.0, 2.0]\nloss = torch.tensor(numbers).mean()\nloss.backward()")
    assert explanation.fixes == ()


def test_a_state_carried_over_is_what_a_second_pass_in_a_loop_needs_cut_off():
    explanation = explained(
        "w = torch.ones(3, requires_grad=True)\nstate = w\nfor _ in range(2):\n    state = state * w\n"
        "    loss = state.sum()\n    loss.backward()"
    )
    assert explanation.kind == "backward_twice"
    assert [fix.code for fix in explanation.fixes] == ["state = state.detach()"]


def test_two_losses_of_one_graph_can_share_a_pass():
    explanation = explained(
        "w = torch.ones(3, requires_grad=True)\nh = w.exp()\na = h.sum()\nb = (h * h).sum()\na.backward()\nb.backward()"
    )
    keep, both = explanation.fixes
    assert (keep.code, keep.replaces) == ("a.backward(retain_graph=True)", "a.backward()")
    assert both.code == "(a + b).backward()"


def test_an_array_of_what_a_call_returns_is_detached():
    explanation = explained("net = nn.Linear(3, 2)\nx = torch.ones(4, 3)\nresult = np.asarray(net(x))")
    assert [fix.code for fix in explanation.fixes] == ["np.asarray(net(x).detach())"]


def test_names_that_do_not_fit_the_numbers_are_not_used():
    """The operands are those of a call inside which something else failed."""
    attention = explained(
        "q = torch.ones(1, 2, 3, 4)\nk = torch.ones(1, 2, 5, 6)\nv = torch.ones(1, 2, 5, 4)\n"
        "result = F.scaled_dot_product_attention(q, k, v)"
    )
    assert attention.kind == "bmm"
    assert "`q`" not in attention.cause
    assert attention.fixes == ()
    reduced = explained("x = torch.ones(2, 3, 4)\ny = torch.ones(4)\nresult = F.cosine_similarity(y, y, dim=2)")
    assert reduced.kind == "axis_range"
    assert "x" not in {operand.name for operand in reduced.operands}


def test_a_target_that_is_not_too_large_is_not_said_to_be():
    source = "x = torch.ones(3, 5)\ny = torch.tensor([1, 2, 0])\nif (x[0] @ x[0]) and y.sum():\n"
    explanation = explained(source + "    raise IndexError('Target 2 is out of bounds.', F.cross_entropy(x, y))")
    assert "5 classes" not in explanation.cause


def test_operands_that_are_given_by_name():
    explanation = explained("a = torch.ones(2, 3)\nb = torch.ones(4, 3)\nresult = torch.matmul(input=a, other=b)")
    assert explanation.fixes[0].code == "torch.matmul(input=a, other=b.T)"
    unpacked = explained("a = torch.ones(2, 3)\nb = torch.ones(4, 3)\npair = (a, b)\nresult = torch.matmul(*pair)")
    assert {operand.shape for operand in unpacked.operands} == {(2, 3), (4, 3)}
    assert unpacked.fixes == ()


def test_a_tensor_of_indices_is_not_compared():
    """Comparing a tensor with a number would run an operation, whose result Python could not ask for its truth."""
    explanation = explained("x = torch.ones(3)\ni = torch.tensor([0, 5])\nresult = x[i]")
    assert explanation.kind == "index_bounds"
    assert "`x` of shape (3,)" in explanation.cause
    assert explanation.fixes == ()


def test_no_index_is_kept_that_is_out_of_range():
    assert explained("x = torch.ones(4, 4)\nresult = x[0, 5, 1]").fixes == ()


def test_a_fix_is_told_once():
    fixes = explained("x = torch.ones(2, 3)\nresult = x.view(2, 2)").fixes
    assert len({fix.code for fix in fixes}) == len(fixes)


# --- Views, joins and indices ---


@pytest.mark.parametrize(
    ("shape", "asked", "codes"),
    [
        ("3, 16, 5, 5", "8, 400", ["x.view(-1, 400)", "x.flatten(1)"]),
        ("8, 16, 6, 6", "8, 400", ["x.view(8, -1)", "x.flatten(1)"]),
        ("8, 16, 6, 6", "-1, 400", ["x.flatten(1)"]),
        ("16, 400", "3, 256, 5", []),
        ("2, 6", "5, 4", ["x.view(2, -1)"]),
        ("10, 8", "2, 4, 8", ["x.view(2, -1, 8)"]),
        ("12,", "5, 4", ["x.view(-1, 4)", "x.view(12, -1)"]),
    ],
)
def test_a_view_does_not_cut_the_examples_of_a_batch(shape, asked, codes):
    """`view(8, -1)` of 4 images would run, and give 8 halves of them."""
    explanation = explained(f"x = torch.ones({shape})\nresult = x.view({asked})")
    assert [fix.code for fix in explanation.fixes] == codes


def test_a_pasted_view_tells_which_size_it_leaves():
    fixes = explain_error("shape '[8, 400]' is invalid for input of size 1200").fixes
    assert [fix.code for fix in fixes] == ["x.view(-1, 400)", "x.view(8, -1)"]
    assert [fix.result.partition(", if ")[2] for fix in fixes] == ["", "8 is the batch"]


def test_an_index_that_a_table_lacks_is_not_clamped():
    source = "table = nn.Embedding(5, 2)\nx = torch.tensor([1, 7])\n"
    direct = explained(f"{source}result = table(x)").fixes
    assert [fix.code for fix in direct] == ["print(x.min(), x.max())", "nn.Embedding(vocabulary_size, 2)"]
    assert direct[1].result.endswith("not of this batch alone, where Embedding is made")
    inside = explained(f"{source}result = nn.Sequential(table)(x)").fixes
    assert [fix.code for fix in inside] == ["nn.Embedding(vocabulary_size, 2)"]
    assert explained(f"{source}result = table.weight.index_select(0, x)").fixes == ()
    pasted = explain_error("IndexError: index out of range in self").fixes
    assert [fix.code for fix in pasted] == [
        "print(index.min(), index.max())",
        "nn.Embedding(vocabulary_size, features)",
    ]


def test_a_place_of_gather_is_not_counted_from_the_end():
    explanation = explained("x = torch.ones(4, 3)\ni = torch.tensor([[7]])\nresult = x.gather(1, i)")
    assert "the indices there are 0 to 2; 7 was given" in explanation.cause
    assert "-1 was given" in explain_error("index -1 is out of bounds for dimension 1 with size 4").cause
    assert "or -" not in explain_error("index -1 is out of bounds for dimension 1 with size 4").cause
    assert "or -4 to -1; 4 was given" in explained("x = torch.ones(4)\nresult = x[4]").cause


def test_what_is_gone_through_is_not_called_a_tensor():
    explanation = explained("x = torch.tensor(2.0)\nresult = [y + 1 for y in x]")
    # Before Python 3.13 what a comprehension goes through is handed to it before, under no name.
    what = "`x` of shape ()" if sys.version_info >= (3, 13) else "The tensor"
    assert explanation.cause.startswith(f"{what} has no axes")


def test_an_order_for_a_batch_is_mended_for_one_image_and_the_other_way_round():
    image = explained("x = torch.ones(32, 24, 3)\nresult = x.permute(0, 3, 1, 2)")
    assert [fix.code for fix in image.fixes] == ["x[None].permute(0, 3, 1, 2)", "x.permute(2, 0, 1)"]
    batch = explained("x = torch.ones(8, 32, 24, 3)\nresult = x.permute(2, 0, 1)")
    assert [fix.code for fix in batch.fixes] == ["x.permute(0, 3, 1, 2)"]
    other = explained("x = torch.ones(2, 3)\nresult = x.permute(1, 0, 1)")
    assert [fix.code for fix in other.fixes] == ["x.permute(1, 0)"]


def test_feature_maps_are_cut_to_the_smaller_one():
    source = "a = torch.ones(1, 8, 25, 25)\nb = torch.ones(1, 4, 24, 26)\nresult = torch.cat([a, b], dim=1)"
    (fix,) = explained(source).fixes
    assert fix.code == "torch.cat([a[:, :, :24, :], b[:, :, :, :25]], dim=1)"
    assert explained("a = torch.ones(2, 3)\nb = torch.ones(4, 5)\nresult = torch.cat([a, b])").fixes == ()


def test_a_data_loader_gets_a_function_that_pads():
    source = (
        "rows = [torch.ones({}), torch.ones({})]\n"
        "for batch in torch.utils.data.DataLoader(rows, batch_size=2):\n    pass"
    )
    (fix,) = explained(source.format("2, 4", "3, 4")).fixes
    assert fix.code.startswith("collate_fn=")
    assert fix.replaces is None
    collate = eval(fix.code.removeprefix("collate_fn="), {"torch": torch})
    assert collate([torch.ones(2, 4), torch.ones(3, 4)]).shape == (2, 3, 4)
    assert explained(source.format("2, 4", "3, 5")).fixes == ()


@pytest.mark.parametrize(
    ("shape", "codes"),
    [("[1, 8, 3, 9, 9]", ["layer(x.squeeze(0))"]), ("[2, 8, 3, 9, 9]", []), ("[9, 9]", ["layer(x[None])"])],
)
def test_an_axis_too_many_of_a_pasted_message(shape, codes):
    message = f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {shape}"
    assert [fix.code for fix in explain_error(message).fixes] == codes


def test_eval_is_for_predictions():
    message = "Expected more than 1 value per channel when training, got input size torch.Size([1, 8])"
    fixes = explain_error(message).fixes
    assert [fix.result.partition(":")[0] for fix in fixes] == ["for predictions", "for training", "for batches of one"]
    (fix,) = explained("layer = nn.BatchNorm1d(3)\nx = torch.ones(1, 3)\nresult = layer(x)").fixes
    assert fix.result.startswith("for predictions: ")


def test_a_new_axis_is_not_said_to_be_there():
    (fix,) = explained("x = torch.ones(2, 3)\nresult = x.unsqueeze(5)").fixes
    assert (fix.code, fix.result) == ("x.unsqueeze(-1)", "as the last axis")
