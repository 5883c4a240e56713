"""Shares of modules, added up where there are too many."""

import pytest

from tensorglass.autograd.shares import ModuleShare, outermost


@pytest.mark.parametrize(("at_most", "modules"), [(6, 6), (5, 2), (2, 2), (1, 1)])
def test_inner_modules_are_added_to_outer_ones_where_there_are_too_many(at_most, modules):
    deep = tuple(ModuleShare(f"Net.{i}.{j}", 1, 10**i, 7) for i in range(2) for j in range(3))
    merged = outermost(deep, at_most)
    assert len(merged) == modules
    assert sum(share.activation_bytes for share in merged) == 33
    assert sum(share.other_bytes for share in merged) == 42
    assert sum(share.tensors for share in merged) == 6


def test_forty_one_modules_of_one_level_are_drawn_by_the_outermost():
    shares = tuple(ModuleShare(f"Net.{i}", 1, 1, 1) for i in range(41))
    assert [share.module for share in outermost(shares, 40)] == ["Net"]
    assert outermost(shares[:40], 40) == shares[:40]
    assert outermost((), 40) == ()
    roots = (ModuleShare("A.0", 1, 1, 1), ModuleShare("B.0", 1, 1, 1))
    assert [share.module for share in outermost(roots, 1)] == ["A", "B"]
