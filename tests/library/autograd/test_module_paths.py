"""Which module is running: against the names that torch itself gives to the modules of a model."""

import threading

import pytest
import torch
from torch import nn

from tensorglass.autograd.module_paths import ModulePaths

X = torch.ones(2, 2)


def paths_of(run):
    """Return the paths at each exit, and the outermost modules."""
    seen, roots = [], []
    with ModulePaths(on_root=roots.append, on_exit=lambda output: seen.append(paths.current)) as paths:
        run()
    assert paths.current == ""
    return seen, roots


def test_the_paths_are_torchs_names_after_the_class_of_the_outermost():
    model = nn.TransformerEncoderLayer(4, 2, 8)
    seen, roots = paths_of(lambda: model(torch.ones(1, 3, 4)))
    names = {name for name, _ in model.named_modules() if name and name != "self_attn.out_proj"}
    assert set(seen) == {f"TransformerEncoderLayer.{name}" for name in names} | {"TransformerEncoderLayer"}
    assert seen[-1] == "TransformerEncoderLayer"
    assert roots == [model]


def test_outermost_modules_of_one_class_are_numbered():
    first, second, other = nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()
    seen, roots = paths_of(lambda: [module(X) for module in (first, second, other, first)])
    assert seen == ["Linear", "Linear (2)", "ReLU", "Linear"]
    assert roots == [first, second, other, first]


def test_a_module_that_is_used_without_being_registered_is_an_outermost_one():
    helper = nn.Sequential(nn.Tanh())

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.ReLU())

        def forward(self, x):
            return self.inner[0](helper(x))  # past `inner` itself

    seen, _ = paths_of(lambda: Model()(X))
    assert seen == ["Sequential.0", "Sequential", "Model.inner.0", "Model"]


def test_an_error_on_the_way_does_not_lose_it():
    class Fails(nn.Module):
        def forward(self, x):
            raise KeyError("on purpose")

    def run():
        with pytest.raises(KeyError):
            nn.Sequential(nn.ReLU(), Fails())(X)
        nn.Tanh()(X)

    assert paths_of(run)[0] == ["Sequential.0", "Sequential.1", "Sequential", "Tanh"]


def test_a_hook_that_raises_before_the_module_is_known_does_not_lose_it():
    inner = nn.ReLU()
    model = nn.Sequential(inner, nn.Tanh())

    def refuse(module, args):
        if module is inner:
            raise KeyError("on purpose")

    handle = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    try:

        def run():
            with pytest.raises(KeyError):
                model(X)
            model[1](X)

        assert paths_of(run)[0] == ["Sequential", "Tanh"]
    finally:
        handle.remove()


def test_modules_of_other_threads_are_not_followed():
    def run():
        thread = threading.Thread(target=lambda: nn.ReLU()(X))
        thread.start()
        thread.join()
        nn.Tanh()(X)

    assert paths_of(run)[0] == ["Tanh"]


def test_the_hooks_are_removed():
    paths_of(lambda: nn.ReLU()(X))
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks
