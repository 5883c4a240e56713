"""The order of contraction: costs against a count by hand, and the best path against all paths."""

import itertools
import math
import random
import time

import opt_einsum
import pytest

from tensorglass.contraction.paths import all_paths, best_path, path_cost, shared_letters

SIZES = dict(zip("ijklm", (2, 3, 4, 5, 6), strict=True))


def terms(text):
    return [tuple(term) for term in text.split(",")]


def test_cost_by_hand():
    # ij,jk -> ik takes 2 * 3 * 4, then ik,kl -> il takes 2 * 4 * 5
    assert path_cost(((0, 1), (0, 1)), terms("ij,jk,kl"), ("i", "l"), SIZES) == (24 + 40, 8 + 10)
    assert path_cost(((1, 2), (0, 1)), terms("ij,jk,kl"), ("i", "l"), SIZES) == (60 + 30, 15 + 10)
    # what only one operand has is summed before, and multiplies nothing
    assert path_cost(((0, 1),), terms("ijm,jk"), ("i", "k"), SIZES) == (24, 8)
    assert path_cost(((1, 0),), terms("ij,kl"), (), SIZES) == (1, 1)
    assert path_cost((), terms("ij"), ("i",), SIZES) == (0, 0)


def test_shared_letters():
    assert shared_letters(("i", "j", "k"), ("k",), {"i"}) == ("i", "k")


def test_one_and_two_operands_need_no_search():
    assert best_path(terms("ij"), ("i",), SIZES) == ()
    assert best_path(terms("ij,jk"), ("i",), SIZES) == ((0, 1),)


def test_torch_is_led_astray_and_we_are_not():
    sizes = dict.fromkeys("ijkl", 300)
    misled = opt_einsum.contract_path("ij,jk,kl,jk->il", *[(300, 300)] * 4, shapes=True, optimize="optimal")[0]
    multiplications = [
        path_cost(tuple(map(tuple, path)), terms("ij,jk,kl,jk"), ("i", "l"), sizes)[0]
        for path in (misled, best_path(terms("ij,jk,kl,jk"), ("i", "l"), sizes))
    ]
    assert multiplications[0] > 2 * 300**3 + 300**2
    assert multiplications[1] == 2 * 300**3 + 300**2


def test_among_equals_the_smaller_intermediate_wins():
    # both ways multiply as often; a result of 2 * 2 elements beats one of 8 * 8
    sizes = {"i": 2, "j": 8, "k": 8, "l": 2}
    costs = {path: path_cost(path, terms("ij,jk,kl"), ("i", "l"), sizes) for path in all_paths(3)}
    assert costs[best_path(terms("ij,jk,kl"), ("i", "l"), sizes)] == min(costs.values())


def best_is_found(count, cases, seed):
    rng = random.Random(seed)
    worse = 0
    for _ in range(cases):
        some = [tuple(rng.sample("ijklm", rng.randint(0, 3))) for _ in range(count)]
        used = sorted({letter for term in some for letter in term})
        output = tuple(rng.sample(used, rng.randint(0, len(used))))
        sizes = {letter: rng.choice((2, 3, 5, 8)) for letter in used}
        least = min(path_cost(path, some, output, sizes)[0] for path in all_paths(count))
        found = path_cost(best_path(some, output, sizes), some, output, sizes)[0]
        assert found >= least
        worse += found > least
    return worse


def test_all_paths_are_all():
    assert [len(set(all_paths(count))) for count in (0, 1, 2, 3, 4, 5)] == [1, 1, 1, 3, 18, 180]
    assert all(len(path) == 4 for path in all_paths(5))


def test_few_operands_get_the_best_path():
    assert [best_is_found(count, 40, seed=0) for count in (3, 4)] == [0, 0]
    assert best_is_found(5, 4, seed=0) == 0


@pytest.mark.long
def test_six_operands_mostly_get_the_best_path():
    assert best_is_found(6, 40, seed=1) <= 20


@pytest.mark.parametrize(
    ("count", "strategies"),
    [(5, []), (6, ["auto", "greedy", "dp"]), (9, ["auto", "greedy", "dp"]), (10, ["auto", "greedy"])],
)
def test_which_strategies_are_asked(monkeypatch, count, strategies):
    asked, found = [], opt_einsum.contract_path

    def recorded(equation, *shapes, optimize, **options):
        asked.append((optimize, shapes[0]))
        return found(equation, *shapes, optimize=optimize, **options)

    monkeypatch.setattr(opt_einsum, "contract_path", recorded)
    chain = [(f"x{i}", f"x{i + 1}") for i in range(count)]
    best_path(chain, ("x0",), {f"x{i}": 2 * i for i in range(count + 1)})
    assert asked == [(strategy, (1, 2)) for strategy in strategies]  # a size of 0 is taken for 1


def test_many_operands_take_no_exponential_search():
    count = 20
    letters = [f"x{i}" for i in range(count + 1)]
    sizes = {letter: 2 + i % 5 for i, letter in enumerate(letters)}
    chain = list(itertools.pairwise(letters))
    path = best_path(chain, (letters[0], letters[-1]), sizes)
    assert len(path) == count - 1
    left_to_right = ((0, 1), *((0, count - step) for step in range(2, count)))
    ours, naive = (path_cost(p, chain, (letters[0], letters[-1]), sizes)[0] for p in (path, left_to_right))
    assert ours < naive


def test_sizes_of_zero_do_not_hide_the_cost_of_the_rest():
    path = best_path(terms("ij,jk,k"), ("i",), {"i": 0, "j": 50, "k": 60})
    assert path_cost(path, terms("ij,jk,k"), ("i",), {"i": 1, "j": 50, "k": 60})[0] == 50 * 60 + 60


def test_numbers_among_the_operands():
    path = best_path(terms("ij,,jk"), ("i", "k"), SIZES)
    assert len(path) == 2
    assert path_cost(path, terms("ij,,jk"), ("i", "k"), SIZES)[0] <= math.prod((2, 3, 4)) + 12


def dense_network(count, rng):
    """Return operands of which every two share an index with a chance of a half, and the sizes."""
    shared = {f"x{i}-{j}": (i, j) for i, j in itertools.combinations(range(count), 2) if rng.random() < 0.5}
    some = [tuple(letter for letter, pair in shared.items() if i in pair) for i in range(count)]
    return some, {letter: rng.choice((2, 3, 5)) for letter in shared}


@pytest.mark.parametrize("count", [6, 8, 9, 12, 15, 30, 60])
def test_a_search_takes_less_than_a_few_seconds(count):
    rng = random.Random(count)
    chain = [(f"x{i}", f"x{i + 1}") for i in range(count)]
    star = [("b", f"x{i}") for i in range(count)]
    alike = [("i", "j")] * count
    networks = [(some, dict.fromkeys(itertools.chain(*some), 3)) for some in (chain, star, alike)]
    networks.append(dense_network(count, rng))
    start = time.process_time()
    for some, sizes in networks:
        path = best_path(some, (), sizes)
        assert len(path) == count - 1
        assert path_cost(path, some, (), sizes)[0] <= path_cost(((0, 1),) * (count - 1), some, (), sizes)[0]
    assert time.process_time() - start < 8
