"""What objects of every kind keep alive, against what lives as long as they do."""

import collections
import dataclasses
import enum
import functools
import itertools
import time
import types
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch_versions import needs_saved_tensors

from tensorglass import memory_of


class Plain:
    def __init__(self, tensor):
        self.cache = {"keys": [tensor]}


class Slotted:
    __slots__ = ("__hidden", "tensor", "unset")

    def __init__(self, tensor):
        self.tensor = tensor
        self.__hidden = tensor


class SlottedAbove(Slotted):
    pass


class OneSlot:
    __slots__ = "tensor"  # noqa: PLC0205 - Python takes a single name too

    def __init__(self, tensor):
        self.tensor = tensor


@dataclasses.dataclass(slots=True)
class Record:
    tensor: torch.Tensor


class Named(list):
    pass


def named(tensor):
    result = Named()
    result.extra = tensor
    return result


def counting(tensor):
    kept = tensor
    yield 1
    yield kept


def begun(generator):
    next(generator)
    return generator


def closure(tensor):
    return lambda: tensor


def hooked(tensor):
    module = nn.Linear(1, 1)
    kept = [tensor]
    module.register_forward_hook(lambda module, inputs, output: kept.append(output))
    return module


class Keeper:
    def __init__(self, tensor):
        self.tensor = tensor

    def method(self):
        raise AssertionError("it is never called")


Pair = collections.namedtuple("Pair", "first second")
KEEPING = {
    "plain object": (Plain, "cache.keys[0]"),
    "slots": (Slotted, "_Slotted__hidden"),
    "slots and attributes": (SlottedAbove, "_Slotted__hidden"),
    "one slot": (OneSlot, "tensor"),
    "dataclass with slots": (Record, "tensor"),
    "named tuple": (lambda x: Pair(1, x), "second"),
    "deque": (lambda x: collections.deque([0, x]), "[1]"),
    "set": (lambda x: {x}, "[0]"),
    "frozen set": (lambda x: frozenset([x]), "[0]"),
    "attribute of a list": (named, "extra"),
    "default dictionary": (lambda x: collections.defaultdict(list, {"a": [x]}), "a[0]"),
    "ordered dictionary": (lambda x: collections.OrderedDict(a=x), "a"),
    "chain of dictionaries": (lambda x: collections.ChainMap({}, {"a": x}), "maps[1].a"),
    "user's dictionary": (lambda x: collections.UserDict(a=x), "data.a"),
    "read-only dictionary": (lambda x: types.MappingProxyType({"a": x}), "[0].a"),
    "key": (lambda x: {x: 1}, "[key]"),
    "under a tuple": (lambda x: {(1, "b"): x}, "[(1, 'b')]"),
    "under an object": (lambda x: {Plain(1): x}, "[Plain]"),
    "values of a dictionary": (lambda x: {"a": x}.values(), "[0].a"),
    "iterator": (lambda x: iter([x]), "[0][0]"),
    "pairs of an iterator": (lambda x: zip([x], [1], strict=True), None),
    "cycle": (lambda x: itertools.cycle([x]), None),
    "generator": (lambda x: begun(counting(x)), None),
    "partial": (lambda x: functools.partial(torch.add, x), None),
    "function": (closure, "tensor"),
    "default of a function": (lambda x: eval("lambda a=x: a", {"x": x}), "defaults[0]"),
    "keyword of a function": (lambda x: eval("lambda *, a=x: a", {"x": x}), "defaults.a"),
    "method": (lambda x: Keeper(x).method, "__self__.tensor"),
    "method of a list": (lambda x: [x].append, None),
    "namespace": (lambda x: types.SimpleNamespace(a=x), "a"),
    "exception": (ValueError, None),
    "data set": (torch.utils.data.TensorDataset, "tensors[0]"),
    "data loader": (lambda x: torch.utils.data.DataLoader([x]), "dataset[0]"),
    "hook": (hooked, None),
    "array of objects": (lambda x: np.array([None, x, 1], dtype=object)[:2], "a[1]"),
    "storage": (lambda x: x.untyped_storage(), ""),
    "old storage": (lambda x: x.storage(), "_untyped_storage"),
    "attribute of a tensor": (lambda x: setattr(y := torch.zeros(2), "state", [x]) or [y], "[0].state[0]"),
}


@pytest.mark.parametrize("name", KEEPING)
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_what_an_object_keeps_alive_is_found(name):
    make, way = KEEPING[name]
    tensor = torch.zeros(1000)
    alive, kept = weakref.ref(tensor), make(tensor)
    held = memory_of(kept)
    assert 4000 in {each.nbytes for each in held.storages}
    assert sum(each.nbytes == 4000 for each in held.tensors) == 1
    if way is not None:
        assert next(each.name for each in held.tensors if each.nbytes == 4000) == way
    assert held.notes == () or "array" in name
    del tensor
    assert alive() is not None or "storage" in name


def test_nothing_is_called():
    class Guarded:
        def __init__(self):
            self.tensor = torch.zeros(3)

        @property
        def costly(self):
            raise AssertionError("it was called")

        def __getattr__(self, name):
            raise AssertionError("it was called")

        __iter__ = __len__ = __eq__ = __hash__ = __repr__ = __bool__ = costly

    assert memory_of([Guarded()]).nbytes == 12


def test_weak_references_keep_nothing():
    x = torch.zeros(3)
    weak = weakref.WeakValueDictionary(a=x)
    assert memory_of([weakref.ref(x), weak, weakref.proxy(x)]).nbytes == 0


def test_what_holds_no_tensors_is_passed_over():
    class Colour(enum.Enum):
        RED = 1

    values = [Colour.RED, np.float32(1), np.dtype("i4"), torch.float32, torch.Generator(), int, torch, torch.Size([1])]
    held = memory_of([*values, b"", 1j, ..., None, slice(3), range(4), open, print, memory_of])
    assert (held.tensors, held.notes) == ((), ())


def test_ways_through_one_another_end():
    first, second = Plain(torch.zeros(3)), Plain(torch.zeros(4))
    first.other, second.other = second, first
    assert memory_of(first, [second]).nbytes == 28


def test_long_chains_and_large_heaps_take_a_moment():
    class Node:
        pass

    start = node = Node()
    for _ in range(4000):
        node.next = Node()
        node = node.next
    node.tensor = torch.zeros(5)
    heap = [list(range(200_000)), [{"number": i, "text": "a"} for i in range(20_000)]]
    begun = time.process_time()
    held = memory_of(start, heap)
    assert time.process_time() - begun < 3
    assert held.nbytes == 20
    assert len(held.tensors[0].name) < 100


def test_names_of_long_ways_are_abridged():
    def nested(depth):
        value = torch.zeros(1)
        for _ in range(depth):
            value = [value]
        return memory_of(value).tensors[0].name

    assert nested(16) == "[0]" * 16
    assert nested(17) == nested(40) == "[0]" * 16 + ".…"


def ways(*objects):
    return [(each.name, each.kind, each.saved) for each in memory_of(*objects).tensors]


def test_what_a_module_registers_has_its_kind_and_other_attributes_do_not():
    module = nn.Module()
    module.first = module.second = nn.Parameter(torch.zeros(2))
    module.register_buffer("third", torch.zeros(3))
    module.register_buffer("fourth", module.third)
    module.register_parameter("missing", None)
    module.plain, module.inner = torch.zeros(4), nn.Linear(1, 1, bias=False)
    assert ways(module) == [
        ("first", "parameters", True),
        ("third", "buffers", True),
        ("inner.weight", "parameters", True),
        ("plain", "other", True),
    ]
    assert memory_of(module).tied == (("first", "second"), ("third", "fourth"))


def test_an_optimizer_is_its_parameters_its_state_and_its_settings():
    left, dropped = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.SGD([{"params": [left]}, {"params": [dropped]}], lr=torch.tensor(0.1), momentum=0.9)
    left.grad = torch.zeros(2)
    optimizer.step()
    assert ways(optimizer) == [
        ("param_groups[0].params[0]", "parameters", True),
        ("param_groups[0].params[0].grad", "gradients", False),
        ("param_groups[1].params[0]", "parameters", True),
        ("state[0].momentum_buffer", "optimizer state", True),
        ("defaults.lr", "optimizer state", True),
    ]
    dropped.grad = torch.zeros(3)
    optimizer.step()
    del optimizer.param_groups[1]
    assert ("state[key]", "parameters", True) in ways(optimizer)  # the state still refers to it


def test_a_file_has_a_function_and_a_method_without_what_they_keep():
    x, y, z = torch.zeros(1), torch.zeros(2), torch.zeros(3)

    def function(first=y):
        return x + first

    function.cache = z
    assert ways([function]) == [
        ("[0].x", "other", False),
        ("[0].defaults[0]", "other", False),
        ("[0].cache", "other", False),
    ]

    class Callable(Keeper):
        def __call__(self, own):
            raise AssertionError("it is never called")

    assert ways([types.MethodType(Callable(x), Callable(y))]) == [
        ("[0].__self__.tensor", "other", False),
        ("[0].__func__.tensor", "other", False),
    ]


@needs_saved_tensors
def test_what_a_hook_keeps_to_unpack_saved_tensors_is_found():
    x, kept = torch.ones(2, requires_grad=True), torch.zeros(3)
    with torch.autograd.graph.saved_tensors_hooks(lambda saved: 1, lambda packed: kept):
        y = x.exp()
    graph = "kept by autograd's graph"
    assert ways(y) == [
        ("a", "other", True),
        ("a.grad_fn.ExpBackward0.result.kept", graph, False),
        ("a.grad_fn.AccumulateGrad.variable", graph, False),
    ]


@pytest.mark.parametrize("part", ["_dynamo.guards", "_inductor.graph", "_functorch.config", "_guards"])
def test_what_the_compiler_keeps_is_named_and_not_looked_into_but_for_collections(part):
    def made(name, *bases):
        return type(name, bases, {"__module__": f"torch.{part}"})

    def function():
        return held

    function.__module__ = f"torch.{part}"
    held = made("Guard")()
    held.tensor = torch.zeros(3)
    result = memory_of([held, function, made("Listed", list)([torch.zeros(1)]), made("Keyed", dict)(a=torch.zeros(2))])
    assert [each.name for each in result.tensors] == ["[2][0]", "[3].a"]
    assert result.notes == (
        "not looked into: 1 object of the type Guard, such as [0]",
        "not looked into: 1 object of the type function, such as [1]",
    )


def test_a_function_without_a_module_is_looked_into():
    function = closure(torch.zeros(3))
    function.__module__ = None
    assert ways([function]) == [("[0].tensor", "other", False)]


def test_groups_of_processes_and_functions_of_c_hold_nothing(mesh):
    of_c = torch._C._get_tracing_state  # it refers to its record, of a type of pybind11
    held = memory_of([mesh, mesh.get_group(), of_c])
    assert (held.tensors, held.notes) == ((), ())


def test_objects_in_the_fields_of_an_array_are_found():
    x, y = torch.zeros(3), torch.zeros(4)
    array = np.zeros(2, [("a", object), ("b", "i4"), ("c", [("d", object)])])
    array["a"][1], array["c"]["d"][0] = x, y
    assert [each.name for each in memory_of({"rows": array}).tensors] == ["rows", "rows['a'][1]", "rows['c']['d'][0]"]


@pytest.mark.parametrize("step", [1, 2, -1, -3])
def test_an_array_is_the_memory_behind_it(step):
    array = np.zeros((40, 3), np.int16)
    held = memory_of({"rows": array[::step]})
    assert [(each.name, each.shape, each.dtype) for each in held.tensors] == [("rows", array[::step].shape, np.int16)]
    assert (held.nbytes, held.unreachable_bytes) == (240, 240 - array[::step].nbytes)
    both = memory_of(array[::step], torch.from_numpy(array[:5]))
    assert (both.nbytes, both.shared_groups) == (240, (("a", "b"),))
    assert memory_of(array[:0]).nbytes == 240


def test_a_part_of_an_array_may_keep_all_of_it():
    array = np.zeros(1000, np.float32)
    x = torch.from_numpy(array[:10])
    assert memory_of([x, x[2:], torch.zeros(1)]).notes == (
        "1 storage shared with an array or buffer outside torch, such as [0]: where that is part of a larger one, all "
        "of it is kept alive, and only what torch knows is counted",
    )
    assert memory_of([x], array).nbytes == 4000


def test_an_object_that_cannot_be_looked_into_is_named():
    tables = [torch._C.ScriptList([1, 2]), torch._C.ScriptList([3])]
    held = memory_of({"tables": tables, "x": torch.zeros(2)})
    assert held.notes == ("not looked into: 2 objects of the type ScriptList, such as tables[0]",)
    assert held.nbytes == 8


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_quantized_model_is_its_packed_weights():
    model = nn.Sequential(nn.Linear(400, 300), nn.LSTM(8, 8))
    quantized = torch.ao.quantization.quantize_dynamic(model, {nn.Linear, nn.LSTM})
    held = memory_of(quantized)
    weights, biases = 400 * 300 + 2 * 8 * 32, 300 * 4 + 2 * 32 * 4
    assert weights + biases <= held.nbytes <= weights + 2 * biases
    assert held.totals["packed weights"] >= weights
    assert "packed weights" in str(held)
    packed = "0._packed_params._packed_params.packed[0]"
    assert ways(quantized)[:2] == [(f"{packed}[0]", "packed weights", True), (f"{packed}[1]", "parameters", True)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit.script")
def test_a_scripted_and_a_compiled_module_is_its_tensors():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    expected = memory_of(model).totals
    assert set(expected) == {"parameters", "buffers"}
    for wrapped in (torch.compile(model), nn.DataParallel(model), torch.jit.script(model)):
        assert memory_of(wrapped).totals == expected
