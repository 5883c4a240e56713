"""The figures of what was found, on storages and ways that are made up."""

import numpy as np
import torch

from tensorglass import memory_of
from tensorglass.memory.figures import memory, notes, shared_groups
from tensorglass.memory.found import Found, Storage
from tensorglass.memory.kinds import GRAPH, OTHER
from tensorglass.storage.places import Places

CPU = torch.device("cpu")


def storage(address, nbytes, key=None):
    return Storage(address if key is None else key, CPU, address, nbytes, CPU, foreign=False)


def found(name, address, nbytes, kind=OTHER):
    return Found(
        name, (nbytes,), torch.uint8, nbytes, Places.of(address, [(nbytes, 1)]), storage(address, nbytes), kind, True
    )


def test_addresses_that_overlap_count_once():
    assert memory([storage(1, 10)]) == 10
    assert memory([storage(100, 10), storage(105, 10), storage(100, 3), storage(200, 1)]) == 16
    assert memory([storage(0, 10, "a"), storage(0, 10, "b")]) == 20


def test_what_a_graph_saved_and_what_is_empty_share_nothing():
    pair = [found("a", 100, 10), found("b", 105, 10)]
    assert shared_groups(pair) == [("a", "b")]
    assert shared_groups([pair[0], found("b", 105, 10, GRAPH)]) == []
    assert shared_groups([found("a", 100, 0), found("b", 100, 0)]) == []
    assert shared_groups([pair[0], found("none", 105, 0), pair[1]]) == [("a", "b")]


def test_of_what_was_not_looked_into_the_most_frequent_types_come_first():
    unseen = {"one": ["a.x"], "three": ["", "b", "c"], "two": ["d", "e"]}
    assert list(notes([], unseen)) == [
        "not looked into: 3 objects of the type three",
        "not looked into: 2 objects of the type two, such as d",
        "not looked into: 1 object of the type one, such as a.x",
    ]
    five = {f"T{i}": ["x"] for i in range(5)}
    assert len(list(notes([], five))) == 5
    *named, last = notes([], {f"T{i}": ["x"] for i in range(8)})
    assert len(named) == 5
    assert last == "not looked into either: objects of 3 more types"


def test_an_array_is_no_memory_that_is_shared_with_an_array():
    assert memory_of([np.zeros(10)]).notes == ()
    (note,) = memory_of([torch.from_numpy(np.zeros(10))]).notes
    assert note.startswith("1 storage shared with an array or buffer outside torch, such as [0]: ")
