"""Which tensors are young, and what was made inside by functions that no mode of torch sees."""

import gc
import threading
import time

import numpy as np
import pytest
import torch

from tensorglass import record_saved, saved_for_backward
from tensorglass.autograd.young import YoungTensors, tensors_by_age


class Tagged(torch.Tensor):
    pass


def ids(tensors):
    return set(map(id, tensors))


def test_a_new_tensor_is_young_until_it_has_outlived_two_collections():
    calls = []
    young = YoungTensors(on_growing_old=lambda: calls.append(id(new) in ids(young.tensors())))
    new, parameter, tagged = torch.ones(3), torch.nn.Parameter(torch.ones(3)), torch.ones(3).as_subclass(Tagged)
    with young:
        assert ids([new, parameter]) <= ids(young.tensors())
        assert id(tagged) not in ids(young.tensors())
        gc.collect(0)
        assert calls == []
        assert id(new) in ids(young.tensors())
        gc.collect(1)
        assert calls == [True]
        assert id(new) not in ids(young.tensors())
        newer = torch.ones(3)
        gc.collect()
        assert len(calls) == 2
    gc.collect()
    assert len(calls) == 2
    assert id(newer) not in ids(young.tensors())


def test_collections_of_other_threads_are_not_told():
    calls = []
    with YoungTensors(on_growing_old=lambda: calls.append(1)):
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join()
        assert calls == []


def test_tensors_come_by_age_the_youngest_first():
    old = torch.ones(3).as_subclass(Tagged)
    gc.collect()
    new = torch.ones(3)
    generations = [ids(tensors) for tensors in tensors_by_age()]
    assert len(generations) == 3
    assert id(new) in generations[0]
    assert id(old) in generations[2]
    assert all(isinstance(each, torch.Tensor) for tensors in tensors_by_age() for each in tensors)


ONES = np.ones((10, 10), "float32")
MAKERS = {
    "from_numpy": lambda: torch.from_numpy(ONES.copy()),
    "tensor": lambda: torch.tensor(ONES),
    "as_tensor": lambda: torch.as_tensor(ONES.copy()),
    "asarray": lambda: torch.asarray(ONES.copy()),
    "frombuffer": lambda: torch.frombuffer(bytearray(400), dtype=torch.float32).view(10, 10),
    "from_dlpack": lambda: torch.from_dlpack(ONES.copy()),
    "FloatTensor": lambda: torch.FloatTensor([[1.0] * 10] * 10),
    "ones": lambda: torch.ones(10, 10),
    "reshaped": lambda: torch.from_numpy(np.ones(100, "float32")).reshape(10, 10),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("collect", [lambda: None, lambda: gc.collect(0), lambda: gc.collect(1), gc.collect])
def test_what_is_made_inside_is_an_activation_and_what_was_there_before_an_input(name, collect):
    w = torch.randn(10, 10, requires_grad=True)

    def made_inside():
        mask = MAKERS[name]()
        collect()
        return w * mask

    saved = saved_for_backward(made_inside)
    assert (saved.activation_bytes, saved.input_bytes) == (400, 0)
    mask = MAKERS[name]()
    for _ in range(2):  # young, and old
        saved = saved_for_backward(lambda: w * mask)
        assert (saved.activation_bytes, saved.input_bytes) == (0, 400)
        gc.collect()


def test_a_captured_tensor_that_a_custom_function_keeps_was_there_before():
    class Times(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(captured)
            return a.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.saved_tensors[0]

    captured = torch.ones(5)
    saved = saved_for_backward(Times.apply, torch.ones(5, requires_grad=True))
    assert (saved.activation_bytes, saved.input_bytes) == (0, 20)


def test_a_large_heap_costs_nothing():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx, gradient):
            return 2 * ctx.saved_tensors[0] * gradient

    heap = [[i] for i in range(1_000_000)]
    x = torch.ones(3, requires_grad=True)

    def seconds():
        start = time.perf_counter()
        with record_saved() as saved:
            y = Square.apply(x)
        assert len(saved.tensors) == 1
        del y
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.02
    assert len(heap) == 1_000_000
