"""Pictures of einsum plans: which cells, lines and texts there are, and where."""

import itertools

import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import Rectangle

from tensorglass import plan_einsum
from tensorglass.contraction.pictures import contraction_tree
from tensorglass.drawing import AXIS_COLORS


def drawn(*arguments):
    ax = plan_einsum(*arguments).plot()
    texts = {text.get_text(): text.get_position() for text in ax.texts}
    cells = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return ax, texts, cells


def test_a_matrix_product():
    ax, texts, cells = drawn("ij,jk->ik", (2, 3), (3, 4))
    assert [text.get_text() for text in ax.texts] == [
        "i", "j", "x0: (2, 3)", "j", "k", "x1: (3, 4)", "i", "k", "24 multiplications"
    ]  # fmt: skip
    assert [cell.get_hatch() for cell in cells] == [None, "//", "//", None, None, None]
    i, k, j = AXIS_COLORS[:3]
    expected = [i, j, j, k, i, k]
    assert [cell.get_facecolor() for cell in cells] == [
        Rectangle((0, 0), 1, 1, facecolor=(c, 0.3)).get_facecolor() for c in expected
    ]
    assert ax.get_label() == ("The contraction ij,jk->ik: i j and j k become i k. Summed and hatched: j.")
    assert texts["x0: (2, 3)"][1] == texts["x1: (3, 4)"][1] > texts["24 multiplications"][1]
    between = (texts["x0: (2, 3)"][0] + texts["x1: (3, 4)"][0]) / 2
    assert texts["24 multiplications"][0] == pytest.approx(between)


def test_where_everything_stands():
    ax, texts, cells = drawn("ij,jk->ik", (2, 3), (3, 4))
    assert {name: place for name, place in texts.items() if len(name) > 1} == {
        "x0: (2, 3)": pytest.approx((1, -0.72)),
        "x1: (3, 4)": pytest.approx((3.8, -0.72)),
        "24 multiplications": pytest.approx((2.4, -3.02)),
    }
    corners = [(0, -0.4), (1, -0.4), (2.8, -0.4), (3.8, -0.4), (1.4, -2.7), (2.4, -2.7)]
    assert [cell.get_xy() for cell in cells] == [pytest.approx(corner) for corner in corners]
    assert [text.get_position() for text in ax.texts if len(text.get_text()) == 1] == [
        pytest.approx((x + 0.48, y + 0.4)) for x, y in corners
    ]
    lines = [(*line.get_xdata(), *line.get_ydata()) for line in ax.lines]
    assert lines == [pytest.approx((1, 2.4, -0.95, -1.8)), pytest.approx((3.8, 2.4, -0.95, -1.8))]
    assert ax.get_xlim() == pytest.approx((-0.5, 5.3))
    assert ax.get_ylim() == pytest.approx((-3.6, 1))
    assert tuple(ax.figure.get_size_inches()) == pytest.approx((0.45 * 5.8, 0.45 * 4.6))


def test_a_wide_text_widens_the_picture():
    ax, texts, _ = drawn("i->i", (3,))
    assert texts["result: (3,)"][0] == pytest.approx(0.8)  # its 2.4 units begin left of the operand, which is at 0
    assert ax.get_xlim() == pytest.approx((-0.9, 2.5))
    assert ax.figure.get_size_inches()[0] == pytest.approx(0.45 * 3.4)


def test_a_result_without_axes_is_one_grey_cell():
    ax, texts, cells = drawn("i->", (3,))
    assert cells[-1].get_xy() == pytest.approx((texts["result: ()"][0] - 0.5, -2.7))
    assert [text.get_fontsize() for text in drawn("...->...", (3,))[0].texts] == [6, 8, 6, 8]
    assert [text.get_fontsize() for text in ax.texts] == [10, 8, 6, 8]


def test_letters_stand_in_their_cells_and_cells_side_by_side():
    ax, _, cells = drawn("abc,cd->abd", (2, 3, 4), (4, 5))
    letters = [text for text in ax.texts if len(text.get_text()) == 1]
    for letter, cell in zip(letters, cells, strict=True):
        x, y = letter.get_position()
        assert cell.get_x() < x < cell.get_x() + cell.get_width()
        assert cell.get_y() < y < cell.get_y() + cell.get_height()
    starts = sorted(cell.get_x() for cell in cells[:5])
    assert all(later - start >= 0.99 for start, later in itertools.pairwise(starts))


def test_lines_lead_from_each_operand_to_its_product():
    ax, texts, _ = drawn("ij,jk,kl,jk->il", *[(30, 30)] * 4)
    assert len(ax.lines) == 6
    for line in ax.lines:
        (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
        assert y0 > y1
        assert {round(x0, 6), round(x1, 6)} <= {round(text.get_position()[0], 6) for text in ax.texts}
    # no two lines cross: what is multiplied stands side by side
    order = sorted((texts[name][0], name[:2]) for name in texts if name.startswith("x"))
    assert [name for _, name in order] == ["x2", "x0", "x1", "x3"]


def test_everything_lies_inside_the_picture():
    for arguments in (("ij,jk,kl,jk->il", *[(30, 30)] * 4), ("...ii->...i", (5, 300, 300)), ("", ())):
        ax, _, cells = drawn(*arguments)
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        for cell in cells:
            assert left < cell.get_x()
            assert cell.get_x() + cell.get_width() < right
            assert bottom < cell.get_y()
            assert cell.get_y() + cell.get_height() < top
        for text in ax.texts:
            x, y = text.get_position()
            assert left < x < right
            assert bottom < y < top


def test_one_operand_becomes_the_result():
    ax, _, cells = drawn("ij->", (2, 3))
    assert [text.get_text() for text in ax.texts] == ["i", "j", "x0: (2, 3)", "", "result: ()"]
    assert [cell.get_hatch() for cell in cells] == ["//", "//", None]
    assert ax.get_label() == "The contraction ij->: i j becomes a number. Summed and hatched: i, j."
    ax, _, _ = drawn("ij->ji", (2, 3))
    assert ax.get_label() == "The contraction ij->ji: i j becomes j i."


def test_several_products():
    ax, _, _ = drawn("bn,anm,bm->ba", (5, 6), (7, 6, 8), (5, 8))
    assert ax.get_label() == (
        "The contraction bn,anm,bm->ba: a n m and b m become a n b; then b n and a n b become b a. "
        "Summed and hatched: n, m."
    )
    assert [text.get_text() for text in ax.texts][-3:] == ["b", "a", "210 multiplications"]
    plan = plan_einsum("bn,anm,bm->ba", (5, 6), (7, 6, 8), (5, 8))
    tree = contraction_tree(plan.contraction, plan.path)
    assert tree.level == 2
    assert [leaf.level for leaf in tree.leaves()] == [0, 0, 0]
    assert [product.letters for product in tree.products()] == [("a", "n", "b"), ("b", "a")]


def test_draws_where_it_is_told():
    _, ax = plt.subplots()
    assert plan_einsum("ij->ji", (2, 3)).plot(ax) is ax
