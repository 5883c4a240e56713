"""Functions and models called to look at them, against what torch itself says and does."""

import sys
from collections import OrderedDict, UserDict
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from programs import passed
from torch import nn
from torch_versions import needs_saved_tensors

from tensorglass.calling import (
    arguments,
    calling_place,
    function_name,
    place_text,
    prepared_call,
    random_state_kept,
    tensors_in,
)


def scripted(module):
    return torch.jit.script(module)


def compiled(module):
    return torch.compile(module, backend="eager")


class TakesKeywords(nn.Module):
    def forward(self, ids, mask=None):
        return ids if mask is None else ids * mask


def test_a_tuple_is_several_arguments_and_anything_else_is_one():
    x = torch.ones(2)
    packed = nn.utils.rnn.pack_sequence([x])
    assert arguments(nn.ReLU(), (x, 3)) == ((x, 3), {})
    assert arguments(nn.ReLU(), ()) == ((), {})
    for batch in (x, [x], packed, None):
        (only,), keywords = arguments(nn.ReLU(), batch)
        assert only is batch
        assert keywords == {}


@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel, compiled])
@pytest.mark.parametrize("kind", [dict, UserDict, OrderedDict])
def test_a_mapping_is_keywords_where_the_model_takes_them(wrap, kind):
    model = wrap(TakesKeywords())
    assert arguments(model, kind(ids=1, mask=2)) == ((), {"ids": 1, "mask": 2})
    assert arguments(model, kind(ids=1)) == ((), {"ids": 1})


@pytest.mark.parametrize("batch", [{"mask": 2}, {"ids": 1, "other": 2}, {0: 1}, {}])
def test_a_mapping_is_one_argument_where_the_model_does_not_take_its_keys(batch):
    for model in (TakesKeywords(), nn.DataParallel(TakesKeywords())):
        assert arguments(model, batch) == ((batch,), {})


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.Tensor.__add__, "add"),
        (torch.Tensor.add_, "add_"),
        (torch.Tensor.T.__get__, "T"),
        (torch.exp, "exp"),
    ],
)
def test_functions_are_named_as_torch_names_them(function, name):
    assert function_name(function) == name


@dataclass
class Pair:
    left: object
    right: object = 3


def test_tensors_are_found_to_any_depth():
    a, b, c, d = (torch.tensor(i) for i in range(4))
    value = (a, [b, {"c": c, "text": "abc"}, None], OrderedDict(d=(3, d)), {5}, Pair)
    assert list(tensors_in(value)) == [a, b, c, d]
    assert list(tensors_in(Pair(a, [Pair(b)]))) == [a, b]
    assert list(tensors_in(a)) == [a]
    assert list(tensors_in("abc")) == list(tensors_in(3)) == []


def test_a_call_of_a_module_leaves_its_buffers_as_they_were():
    norm, x = nn.BatchNorm1d(3), torch.randn(5, 3)
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    output = prepared_call(norm, (x,), {})()
    assert all(torch.equal(buffer, before[name]) for name, buffer in norm.named_buffers())
    assert torch.equal(output, norm(x))  # which changes them
    assert not torch.equal(norm.running_mean, before["running_mean"])


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("wrap", [nn.DataParallel, scripted, compiled])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_a_call_of_a_wrapped_module_leaves_its_buffers_as_they_were_too(wrap, inside, training):
    module = wrap(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))
    module = (nn.Sequential(module) if inside else module).train(training)
    before = {name: (buffer, buffer.clone(), buffer._version) for name, buffer in module.named_buffers()}
    output = prepared_call(module, (torch.randn(5, 3),), {})()
    for name, buffer in module.named_buffers():
        same, copy, version = before[name]
        assert buffer is same
        assert torch.equal(buffer, copy)
        assert training or buffer._version == version
    output.sum().backward()  # which needs the buffers, in eval mode, as they were


def test_buffers_are_put_back_where_the_call_raises():
    class Raises(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    model = nn.DataParallel(nn.Sequential(nn.BatchNorm1d(3), Raises()))
    with pytest.raises(ZeroDivisionError):
        prepared_call(model, (torch.randn(5, 3),), {})()
    assert torch.equal(model.module[0].running_mean, torch.zeros(3))


def test_a_call_passes_all_arguments_on():
    assert prepared_call(torch.sub, (torch.tensor(5), torch.tensor(2)), {"alpha": 2})() == 1
    attention, x = nn.MultiheadAttention(4, 1), torch.randn(3, 2, 4)
    assert prepared_call(attention, (x, x, x), {"need_weights": False})()[1] is None


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_the_random_state_is_put_back(error):
    before = torch.get_rng_state()
    try:
        with random_state_kept():
            torch.rand(3)
            assert not torch.equal(torch.get_rng_state(), before)
            if error:
                raise error
    except ZeroDivisionError:
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_the_line_that_calls_is_the_users_own():
    filename, line = calling_place()
    assert filename == __file__
    with open(filename) as code:
        assert code.read().splitlines()[line - 1].strip() == "filename, line = calling_place()"
    seen = []

    model = nn.Sequential(nn.Identity())
    model.register_forward_hook(lambda *_: seen.append(calling_place()))
    model(torch.ones(1))
    assert [place[0] for place in seen] == [__file__]
    assert place_text((filename, 12)) == "test_calling.py:12"


IN_A_NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.run_cell("import tensorglass, torch", store_history=True)
cell = '''x = torch.ones(2, requires_grad=True)
with tensorglass.record_saved() as saved: x.exp()
print(saved.tensors[0].line)
try: x @ torch.ones(3)
except RuntimeError as error: print(tensorglass.explain_error(error))
'''
shell.run_cell(cell, store_history=True)
"""


@needs_saved_tensors
def test_a_line_of_a_notebook_is_called_as_in_its_tracebacks(tmp_path):
    pytest.importorskip("IPython")
    saved, *explained = passed([sys.executable, "-c", IN_A_NOTEBOOK], tmp_path, IPYTHONDIR=str(tmp_path)).split("\n")
    assert saved == "Cell In[2], line 2"
    assert "Cell In[2], line 4: x @ torch.ones(3)" in explained


@pytest.mark.parametrize("ipython", [SimpleNamespace(get_ipython=lambda: None), SimpleNamespace(get_ipython=object)])
def test_without_a_shell_that_names_cells_a_line_is_called_by_its_file(ipython, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", ipython)  # imported only, and older than IPython 8
    assert place_text(("project/train.py", 12)) == "train.py:12"


def test_the_code_written_for_an_einsum_is_not_the_users():
    functions = {"calling_place": calling_place}
    exec(compile("def run():\n    return calling_place()", "<einsum ab,bc->ac>", "exec"), functions)
    assert functions["run"]()[0] == __file__
