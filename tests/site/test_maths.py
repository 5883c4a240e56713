"""Formulas are drawn as their TeX says, look like text, and stop the build where they make no sense."""

import io
import re

import pytest
from _ext.page import maths
from _ext.page.maths import draw
from bs4 import BeautifulSoup
from some_parts import written
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

# ziamath asks for its font in a way that Python 3.11 deprecated and 3.13 took back.
pytestmark = pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")

# What is to be seen of each: glyphs (a bracket, a root or a sum is one) and bars (of fractions and roots).
FORMULAS = [
    ("x", 1, 0),
    (r"C_{ij} = \sum_k A_{ik} B_{kj}", len("Cij=SkAikBkj"), 0),
    (r"\prod_{\ell=1}^{L} \sigma_\ell^2 n_\ell", len("Pl=1Ls2lnl"), 0),
    (r"\frac{1}{n} \sum_{i=1}^{n} x_i", len("1nSi=1nxi"), 1),
    (r"\frac{\partial L}{\partial x}", 4, 1),
    (r"\frac{1}{\sqrt{n}}", 3, 2),
    (r"2\sqrt{L}", 3, 1),
    (r"\begin{aligned} a &= b \\ c &= d + e \end{aligned}", len("a=bc=d+e"), 0),
    (r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}", len("{xifx>00otherwise"), 0),
    (r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}", len("[abcd]"), 0),
    (r"\begin{pmatrix} 1 & 2 \end{pmatrix}", len("(12)"), 0),
    (r"\operatorname{Var}(w) = 2 / n", len("Var(w)=2/n"), 0),
    (r"\mathbb{E}[f'(z)^2]^{-1/2}", len("E[f'(z)2]-1/2"), 0),
    (r"\lVert Q x \rVert_2 = \lVert x \rVert_2", len("|Qx|2=|x|2"), 0),
    (r"\alpha \beta \sigma_w^2 \chi \xi \ell \pi \Sigma", 10, 0),
    (r"x \in \mathbb{R}^{n \times m}", len("xERnxm"), 0),
    (r"\left( \frac{a}{b} \right)^2", len("(ab)2"), 1),
    (r"\log_2 L, \quad \exp(-\ell / \xi)", len("log2L,exp(-l/x)"), 0),
    (r"a \leftarrow \frac{a}{a + b} \ne \infty", len("a-aa+b=o"), 1),
    (r"a < b \le c \approx d \to e \cdot 10^{-3} \pm 1", len("a<b<c=d>e.10-3+1"), 0),
    (r"\{a, b\}", len("{a,b}"), 0),
]


def size(tex, inline=True):
    """Return width, height and depth of a formula, in units of the text's size."""
    shown = BeautifulSoup(draw(tex, inline), "html.parser").svg
    style = dict(part.split(":") for part in shown["style"].split(";"))
    width, height = map(float, shown["viewbox"].split()[2:])
    assert float(style["width"].removesuffix("em")) == pytest.approx(width / 16, abs=0.002)
    if inline:
        assert float(style["height"].removesuffix("em")) == pytest.approx(height / 16, abs=0.002)
    return width / 16, height / 16, -float(style.get("vertical-align", "0").removesuffix("em"))


@pytest.mark.parametrize(("tex", "glyphs", "bars"), FORMULAS)
@pytest.mark.parametrize("inline", [True, False], ids=["inline", "display"])
def test_every_symbol_is_drawn_once(tex, glyphs, bars, inline):
    shown = BeautifulSoup(draw(tex, inline), "html.parser")
    assert len(shown.find_all("path")) == glyphs
    assert len(shown.find_all("rect")) == bars
    assert {each.name for each in shown.find_all(True)} <= {"svg", "path", "rect", "g"}
    assert [each["fill"] for each in shown.select("[fill]")] == ["currentColor"]  # of the whole
    assert not re.search(r"\b(id|href|xmlns|font-family)\b", str(shown))  # ids would clash, the rest is not needed
    width, height, _ = size(tex, inline)
    assert 0.4 < width < 1.2 * glyphs + 2
    assert 0.4 < height < 4


def test_a_formula_has_one_drawing():
    formulas = [tex for tex, _, _ in FORMULAS]
    first = [draw(tex, False) for tex in formulas]
    draw.cache_clear()
    assert [draw(tex, False) for tex in formulas] == first
    assert len(set(first)) == len(formulas)


def test_an_inline_formula_stands_on_the_line():
    (_, height, depth), (_, taller, deeper) = size("x"), size("y")
    assert depth < 0.1
    assert deeper > 0.2
    assert height - depth == pytest.approx(taller - deeper, abs=0.01)


def test_what_is_high_is_drawn_high():
    one, n = size("1", inline=False)[1], size("n", inline=False)[1]
    assert size(r"\frac{1}{n}", inline=False)[1] > one + n - 0.2  # less the margins
    assert size(r"\frac{1}{n}", inline=True)[1] < size(r"\frac{1}{n}", inline=False)[1]
    assert size(r"\left( \frac{1}{n} \right)", inline=False)[1] >= size(r"\frac{1}{n}", inline=False)[1]
    three = size(r"\begin{bmatrix} 1 \\ 2 \\ 3 \end{bmatrix}", inline=False)[1]
    assert three > size(r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}", inline=False)[1] + one / 2
    assert size(r"2^{L}")[1] > size("2L")[1]


@pytest.mark.parametrize("before", ["a =", r"\exp(", r"a \to"])
def test_a_sign_stands_close_to_its_number(before):
    after_a_number = size(f"{before} b - b")[0] - size(f"{before} - b")[0]
    assert after_a_number > size("b")[0] + 0.2
    assert size("(a) - b")[0] == pytest.approx(size("(a) + b")[0], abs=0.05)


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"\sgima", r"the command \sgima is unknown"),
        (r"\foo{x}", r"the command \foo is unknown"),
        (r"x \end{aligned}", r"the command \end"),
        ("x }", "it has a stray }"),
        ("$x$", "it has a stray $"),
        (r"\text{a", "it has a stray {"),
        (r"x \\ y", "it has several lines, but they are not in 'aligned'"),
        (r"\begin{foo} x \end{foo}", "the environment 'foo' is none of aligned, bmatrix, cases, matrix, pmatrix"),
        ("你", "the font has no '你'"),
        (r"\;", "nothing of it can be seen"),
        ("", ""),
        (r"\frac{1}", ""),
        (r"\frac{1}{", ""),
        ("x^", "MissingSuperScriptOrSubscriptError"),
        ("x_1_2", "DoubleSubscriptsError"),
        (r"\left( x", ""),
        (r"\begin{aligned} x", "MissingEndError"),
        ("x & y", ""),
    ],
)
def test_what_makes_no_sense_is_refused(tex, reason):
    with pytest.raises(ValueError, match=re.escape(f"the formula '{tex}' cannot be drawn: {reason}")):
        draw(tex, False)


PAGE = r"""
Title
=====

Where :math:`a < b` and :math:`"a" \ne \text{c}`.

.. math::

   \begin{aligned} a &< b \\
                   b &> \frac{1}{2} \end{aligned}

.. math:: e = 0

.. math::

   c = 1

   d = 2
"""


def built(folder, page):
    """Return a page of formulas as it is built, the texts that are searched, and the warnings."""
    docs = written(folder, {"docs/index.rst": page}, "page.maths", "publishing.search_sections")
    out, warnings = folder / "out", io.StringIO()
    settings = {"html_math_renderer": "drawn"}
    with docutils_namespace():  # what Sphinx adds to docutils is taken back, or the next would warn that it is there
        Sphinx(docs, docs, out, out / "trees", "html", settings, status=None, warning=warnings).build()
    html = BeautifulSoup((out / "index.html").read_text("utf-8"), "html.parser")
    return html, (out / "search_sections.js").read_text("utf-8"), warnings.getvalue()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return built(tmp_path_factory.mktemp("formulas"), PAGE)


def test_formulas_on_a_page(page):
    html, _, warnings = page
    assert warnings == ""
    formulas = html.select(".formula")
    aligned = r"\begin{aligned} a &< b \\ b &> \frac{1}{2} \end{aligned}"
    expected = [("span", "a < b"), ("span", r'"a" \ne \text{c}'), ("div", aligned)]
    expected += [("div", "e = 0"), ("div", "c = 1"), ("div", "d = 2")]
    assert [(formula.name, formula["aria-label"]) for formula in formulas] == expected
    for formula in formulas:
        assert formula["role"] == "img"
        assert formula["data-tex"] == formula["aria-label"]
        assert formula.svg["aria-hidden"] == "true"
        assert formula.get_text() == ""
        assert formula.get("style") == ("white-space:nowrap" if formula.name == "span" else None)
        assert "height:auto" in formula.svg["style"] or formula.name == "span"


def test_the_words_of_tex_are_not_found_by_a_search(page):
    _, index, _ = page
    assert '"Title"' in index
    assert not re.search("align|frac|begin", index)
    assert "M 5" not in index  # nor a path


def test_a_formula_that_makes_no_sense_is_a_warning_with_its_place(tmp_path):
    html, _, warnings = built(tmp_path, PAGE.replace("a < b", r"a < \bb"))
    assert re.search(r"index\.rst:5: WARNING: the formula 'a < \\bb' cannot be drawn: the command \\bb is", warnings)
    assert html.select_one(".formula").get_text() == r"a < \bb"


def test_what_stands_side_by_side_or_above_has_some_space_between():
    assert size(r"n \operatorname{Var}")[0] > size(r"n")[0] + size(r"\operatorname{Var}")[0]  # margins of both included
    fraction, two = (
        size(rf"\begin{{aligned}} {rows} \end{{aligned}}", inline=False)[1]
        for rows in (r"\frac{1}{n}", r"\frac{1}{n} \\ \frac{1}{n}")
    )
    assert two > 2 * fraction + 0.3


def test_brackets_of_several_heights_are_not_mixed_up():
    eight, twelve = (r"\begin{bmatrix}" + r"1 \\" * rows + r"1 \end{bmatrix}" for rows in (7, 11))
    brackets = BeautifulSoup(draw(f"{eight} {twelve}", False), "html.parser").find_all("g")
    heights = []
    for bracket in brackets:  # each is drawn in parts
        places = [float(y) for part in bracket.find_all("path") for y in re.findall(r"[-\d.]+ ([-\d.]+)", part["d"])]
        heights.append((max(places) - min(places)) / 16)
    assert len(heights) == 4
    for height, formula in zip(heights, (eight, eight, twelve, twelve), strict=True):
        assert height == pytest.approx(size(formula, inline=False)[1], abs=0.3)


def test_only_sound_environments_are_known():
    for environment in maths.ENVIRONMENTS:
        assert draw(rf"\begin{{{environment}}} a & b \\ c & d \end{{{environment}}}", False).count("<path") >= 4
