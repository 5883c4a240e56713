"""What the reports of saved tensors say, in words and tables."""

from dataclasses import replace

import pytest
import torch
from saved_models import Checkpointed, small
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.utils.checkpoint import checkpoint

from tensorglass import record_saved, saved_for_backward
from tensorglass.autograd.report import CHECKPOINTED, Kept
from tensorglass.autograd.shares import ModuleShare


def test_the_table_of_a_small_model():
    assert str(saved_for_backward(*small())) == (
        "kept for the backward pass: 6.2 KiB in 1 activation; referred to, but there before: inputs 3.1 KiB, "
        "parameters 128 bytes\n"
        "\n"
        "Saved tensors\n"
        "\n"
        "module        operation  role    kind        shape      dtype          bytes  kept by\n"
        "------------  ---------  ------  ----------  ---------  -------  -----------  --------------------\n"
        "Sequential.0  linear     input   input       (100, 8)   float32        3,200  AddmmBackward0.mat1\n"
        "Sequential.1  relu       output  activation  (100, 16)  float32        6,400  ReluBackward0.result\n"
        "Sequential.2  linear     input   activation  (100, 16)  float32  same memory  AddmmBackward0.mat1\n"
        "Sequential.2  linear     weight  parameter   (16, 2)    float32          128  AddmmBackward0.mat2"
    )


def test_the_summary_names_all_that_was_there_before():
    saved = saved_for_backward(nn.Sequential(nn.BatchNorm1d(8)), torch.ones(10, 8))
    assert str(saved).splitlines()[0] == (
        "kept for the backward pass: 64 bytes in 2 activations; referred to, but there before: inputs 320 bytes, "
        "parameters 32 bytes, buffers 64 bytes"
    )


def test_the_kinds():
    saved = saved_for_backward(nn.Sequential(nn.BatchNorm1d(8), nn.Softplus()), torch.ones(10, 8))
    more = saved_for_backward(lambda: torch.ones(2, requires_grad=True) * 3)
    assert {each.kind for each in (*saved.tensors, *more.tensors)} == {
        "activation",
        "input",
        "parameter",
        "buffer",
        "number",
    }


def test_fake_recurrent_layers_on_cuda_are_warned_of():
    warning = "The kernels of recurrent layers on CUDA keep a workspace that fake tensors do not show."
    with FakeTensorMode():
        fake = saved_for_backward(*small())
    assert warning not in fake.notes
    (first, *_) = fake.tensors
    recurrent = replace(first, node="CudnnRnnBackward0")  # no such node is made where there is no CUDA
    fake._end(Kept((recurrent,), fake.storages, (), ()))
    assert fake.notes[1:] == (warning,)


def test_a_checkpoint_is_kept_by_no_node():
    saved = saved_for_backward(Checkpointed(nn.Tanh(), random_state=False), torch.ones(1, 2, requires_grad=True))
    *_, row, _, note = str(saved).splitlines()
    assert row.split() == ["Checkpointed.parts.0", "checkpoint", "input", "input", "(1,", "2)", "float32", "8"]
    assert note == CHECKPOINTED == saved.notes[0]
    assert note == (
        "Checkpointed: what such a region computes is not kept, but it is computed and kept again while the backward "
        "pass runs, a region at a time. One checkpoint around everything leaves the peak of a step as it was; "
        "track_memory() measures it."
    )


@pytest.mark.parametrize("reentrant", [False, True])
def test_what_a_checkpoint_computes_again_is_told(reentrant):
    net, x = nn.Sequential(nn.Linear(4, 4), nn.GELU()), torch.ones(1, 4, requires_grad=True)

    def checkpointed():
        return checkpoint(net, x, use_reentrant=reentrant)

    saved, plain = saved_for_backward(checkpointed), saved_for_backward(net, x)
    assert saved.notes == (plain - saved).notes == (saved - plain).notes == (CHECKPOINTED,)
    assert plain.notes == (plain - plain).notes == ()
    assert str(plain - saved).endswith(CHECKPOINTED)


def test_the_notes_name_all_devices_that_are_only_pretended():
    meta, real = torch.ones(3, device="meta", requires_grad=True), torch.ones(3, requires_grad=True)
    with record_saved() as saved:
        results = [meta.exp()]
        with FakeTensorMode():
            results.append(torch.ones(3, requires_grad=True).exp())
    assert saved.notes == (
        "Nothing was allocated for fake tensors: their sizes are those that the kernels of cpu and meta would keep.",
    )
    assert str(saved).endswith(saved.notes[0])
    assert saved_for_backward(torch.exp, real).notes == ()
    del results


def test_the_html_says_the_same():
    saved = saved_for_backward(*small())
    html = saved._repr_html_()
    assert "<caption>Saved tensors</caption>" in html
    assert '<td class="number">same memory</td>' in html
    assert repr(saved) == str(saved)


def test_totals_and_storages():
    saved = saved_for_backward(*small())
    assert (saved.activation_bytes, saved.input_bytes, saved.parameter_bytes, saved.buffer_bytes) == (
        6400,
        3200,
        128,
        0,
    )
    assert saved.nbytes == 6400 + 3200 + 128
    assert saved.live_bytes == 6400
    assert [each.storage for each in saved.tensors] == [0, 1, 1, 2]
    assert [each.nbytes for each in saved.tensors] == [3200, 6400, 6400, 128]
    assert [(each.module, each.operation, each.kind, each.alive, each.fake) for each in saved.storages] == [
        ("Sequential.0", "linear", "input", True, False),
        ("Sequential.1", "relu", "activation", True, False),
        ("Sequential.2", "linear", "parameter", True, False),
    ]
    assert {str(each.device) for each in saved.storages} == {"cpu"}
    assert saved.modules == (
        ModuleShare("Sequential.0", 1, 0, 3200),
        ModuleShare("Sequential.1", 1, 6400, 0),
        ModuleShare("Sequential.2", 2, 0, 128),
    )


def test_a_view_counts_with_all_that_it_keeps_alive():
    x = torch.ones(1000, requires_grad=True)
    with record_saved() as saved:
        y = (x * 2)[:10].sin()
    (tensor,) = [each for each in saved.tensors if each.operation == "sin"]
    assert tensor.nbytes == 40
    assert saved.storages[tensor.storage].nbytes == saved.activation_bytes == 4000
    del y


def test_a_large_model_is_told_by_module():
    model = nn.Sequential(*[layer for _ in range(14) for layer in (nn.Linear(4, 4), nn.GELU())])
    text = str(saved_for_backward(model, torch.ones(2, 4)))
    assert text.splitlines()[2:9] == [
        "Saved bytes by module",
        "",
        "module         tensors  activations  there before",
        "-------------  -------  -----------  ------------",
        "Sequential.0         1            0            32",
        "Sequential.1         1           32             0",
        "Sequential.2         2           32            64",
    ]
    assert len(text.splitlines()) == 6 + 28


def blocks_of(count, inside):
    return nn.Sequential(*[nn.Sequential(*[nn.LayerNorm(4) for _ in range(inside)]) for _ in range(count)])


def test_forty_modules_are_shown_one_by_one():
    lines = str(saved_for_backward(blocks_of(10, 4), torch.ones(2, 4))).splitlines()
    assert lines[2] == "Saved bytes by module"
    assert [line.split()[0] for line in lines[6:]] == [f"Sequential.{i}.{j}" for i in range(10) for j in range(4)]


def test_more_modules_are_shown_by_block_and_the_largest_of_them():
    model = nn.Sequential(*blocks_of(7, 6), nn.Sequential(nn.Linear(4, 4000), nn.Tanh()))
    saved = saved_for_backward(model, torch.ones(2, 4))
    lines = str(saved).splitlines()
    assert lines[2] == "Saved bytes by block, in order"
    assert lines[4].split() == ["block", "tensors", "activations", "there", "before"]
    assert lines[17].split() == ["module", "tensors", "activations", "there", "before"]
    assert [line.split()[0] for line in lines[6:14]] == [f"Sequential.{i}" for i in range(8)]
    blocks = [list(map(int, line.replace(",", "").split()[1:])) for line in lines[6:14]]
    assert sum(tensors for tensors, _, _ in blocks) == len(saved.tensors)
    assert sum(activations for _, activations, _ in blocks) == saved.activation_bytes
    assert sum(others for *_, others in blocks) == saved.nbytes - saved.activation_bytes
    assert lines[15] == "Saved bytes by module, the largest 40 of 44"
    assert lines[19].split()[0] == "Sequential.7.1"
    assert len(lines) == 19 + 40


def test_two_blocks_are_enough_to_show_them():
    lines = str(saved_for_backward(blocks_of(2, 21), torch.ones(2, 4))).splitlines()
    assert lines[2] == "Saved bytes by block, in order"
    assert [line.split()[0] for line in lines[6:8]] == ["Sequential.0", "Sequential.1"]


def test_of_equal_activations_the_larger_rest_comes_first():
    frozen = nn.Sequential(*[nn.Linear(4, 4 + i) for i in range(41)])
    x = torch.ones(2, 4, requires_grad=True)

    class Each(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = frozen

        def forward(self, x):
            return [layer(x) for layer in self.layers]

    lines = str(saved_for_backward(Each().requires_grad_(False), x)).splitlines()
    assert lines[6].split()[0] == "Each.layers.40"


def test_modules_that_lie_in_one_block_are_not_shown_by_block():
    lines = str(saved_for_backward(nn.Sequential(*[nn.LayerNorm(4) for _ in range(41)]), torch.ones(2, 4))).splitlines()
    assert lines[2] == "Saved bytes by module, the largest 40 of 41"
    assert len(lines) == 6 + 40


def test_forty_tensors_are_shown_one_by_one():
    x = torch.ones(3, requires_grad=True)

    def chain(length):
        def run():
            y = x
            for _ in range(length):
                y = y.sin()
            return y

        return str(saved_for_backward(run)).splitlines()

    assert chain(40)[2] == "Saved tensors"
    assert len(chain(40)) == 6 + 40
    assert chain(41)[2] == "Saved bytes by module"


def test_nothing_is_kept_without_gradients():
    model, x = small()
    with torch.no_grad():
        saved = saved_for_backward(model, x)
    assert str(saved) == "nothing is kept for the backward pass: grad mode is off"
    assert saved.tensors == saved.storages == ()
    assert saved.nbytes == 0
    assert str(saved_for_backward(torch.exp, x)) == "nothing is kept for the backward pass"
    assert str(saved_for_backward(x.sum)) == "nothing is kept for the backward pass"


def test_figures_are_there_when_the_block_has_ended():
    recording = r"^record_saved\(\) is still recording; read its figures after the with block$"
    with record_saved() as saved:
        assert str(saved) == "still recording"
        for name in ("tensors", "storages", "nbytes", "notes", "modules", "live_bytes"):
            with pytest.raises(RuntimeError, match=recording):
                getattr(saved, name)
    assert saved.tensors == ()


def test_what_backward_frees_is_no_longer_live():
    model, x = small()
    with record_saved() as saved:
        model(x).sum().backward()
    assert saved.activation_bytes == 6400
    assert saved.live_bytes == 0


@pytest.mark.parametrize("fn", [None, 3, torch.ones(2)])
def test_what_cannot_be_called_is_refused(fn):
    name = type(fn).__name__
    with pytest.raises(TypeError, match=rf"^saved_for_backward\(\) fn is {name}; expected a module or a function$"):
        saved_for_backward(fn)


def test_tensors_that_hide_their_memory_are_named():
    x = torch.ones(2, 3).to_mkldnn().requires_grad_()
    with record_saved() as saved:
        y = x * x
    assert saved.tensors == ()
    assert saved.notes == ("Not seen: the memory of 2 saved tensors that does not show it (mkldnn).",)
    with record_saved() as saved:
        y = [x * x, torch.ones(2, 3, requires_grad=True) * torch._efficientzerotensor((2, 3))]
    assert saved.notes == ("Not seen: the memory of 3 saved tensors that does not show it (mkldnn, strided).",)
    del y


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors_are_seen_by_what_they_consist_of(layout):
    x = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout, requires_grad=True)
    with record_saved() as saved:
        y = x * x
    assert (5,) in {each.shape for each in saved.tensors}
    assert saved.notes == ()
    del y
