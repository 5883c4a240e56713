"""Figures as the site shows them: their theme, their cards, what they show in words."""

import colorsys
import re
from xml.etree import ElementTree

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt
from _ext.runs.drawn_text import SVG
from _ext.runs.figures import save_card, save_narrow, save_themed_svg, text_alternative
from _ext.runs.legible import DARK, LIGHT, contrast, legible


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_figures_follow_the_theme_and_are_reproducible(tmp_path):
    texts = []
    for name in ("one.svg", "two.svg"):
        figure, ax = plt.subplots()
        ax.plot([1, 2], color="black")
        ax.set_title("Sizes")
        save_themed_svg(figure, tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert "#000000" not in texts[0]
    assert "stroke: currentColor" in texts[0]
    assert texts[0].count("prefers-color-scheme: dark") == 1
    assert "<dc:date>" not in texts[0]


def test_a_card_shows_the_first_drawing_alone_and_says_what_it_shows(tmp_path):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for ax, name in zip(axes, ("first & left", "second"), strict=True):
        ax.plot([1, 2])
        ax.set_title(name)
        ax.set_xlabel("x")
        ax.text(0, 1, "here")
        ax.annotate("there", (0, 1), (1, 1), arrowprops={"arrowstyle": "->"}).set_in_layout(False)
        ax.legend(["a line"])
    figure.suptitle("both")
    save_themed_svg(figure, tmp_path / "before.svg")
    save_card(figure, tmp_path / "card.svg")
    save_themed_svg(figure, tmp_path / "after.svg")
    card = (tmp_path / "card.svg").read_text("utf-8")
    assert "<title>first &amp; left.</title>" in card
    widths = [
        float(re.search(r'viewBox="0 0 (\S+) ', text)[1])
        for text in (card, (tmp_path / "before.svg").read_text("utf-8"))
    ]
    assert widths[0] < 0.6 * widths[1]
    assert card.count('id="axes_') == 1
    assert "<text" not in card  # at the size of a card, no word could be read
    assert 'id="legend_' not in card
    assert 'id="patch_' in card
    # The figure is as it was.
    assert (tmp_path / "after.svg").read_text("utf-8") == (tmp_path / "before.svg").read_text("utf-8")


def test_a_figure_is_described_by_its_titles_and_drawings():
    figure, axes = plt.subplots(1, 2)
    assert text_alternative(figure) == ""
    figure.suptitle("Two sizes")
    axes[0].set_title("Left: is it?")
    axes[1].set_label("A box,\nthen another.")
    assert text_alternative(figure) == "Two sizes. Left: is it? A box, then another."


def saved(figure, tmp_path):
    """Return the SVG of a figure, and of each text in it the text, its place and its style."""
    save_themed_svg(figure, tmp_path / "figure.svg")
    root = ElementTree.parse(tmp_path / "figure.svg").getroot()
    return root, {"".join(text.itertext()): text for text in root.iter(f"{SVG}text")}


def test_texts_stay_texts_in_the_font_of_the_page(tmp_path):
    figure, ax = plt.subplots()
    ax.set_title("A title, of one line")
    ax.text(0.5, 0.5, "ij->i", family="monospace")
    root, texts = saved(figure, tmp_path)
    assert root.get("font-family").startswith("var(--font-stack,")
    assert "font-family" not in texts["A title, of one line"].get("style")
    assert "var(--font-stack--monospace" in texts["ij->i"].get("style")
    assert "DejaVu" not in ElementTree.tostring(root, "unicode")


@pytest.mark.parametrize(
    ("named", "end"),
    [
        ({"ha": "center"}, "middle"),
        ({"ha": "right"}, "end"),
        ({"rotation": 90, "va": "center"}, "middle"),
        ({"rotation": 90, "va": "top"}, "end"),
        ({"rotation": 90, "va": "bottom"}, None),
        ({"rotation": 270, "va": "bottom"}, "end"),
        ({"rotation": 90, "rotation_mode": "anchor", "ha": "right"}, "end"),
    ],
)
def test_a_text_is_placed_by_the_end_by_which_it_is_aligned(tmp_path, named, end):
    figure, ax = plt.subplots()
    ax.text(0.5, 0.5, "long line\nshort", **named)
    _, texts = saved(figure, tmp_path)
    for line in ("long line", "short"):
        found = re.search(r"text-anchor: (\w+)", texts[line].get("style"))
        assert (found and found[1]) == end
    if end and "rotation" not in named:  # and lines that are aligned at that end have it at the same place
        lines = [texts["long line"], texts["short"]]
        starts = [float(re.search(r"translate\((\S+)", line.get("transform"))[1]) for line in lines]
        ends = [start + float(line.get("x")) for start, line in zip(starts, lines, strict=True)]
        assert ends[0] == pytest.approx(ends[1], abs=0.2)


def test_a_power_of_ten_is_one_text_and_a_root_keeps_its_line(tmp_path):
    figure, ax = plt.subplots()
    ax.set_yscale("log")
    ax.set_ylim(1e-3, 1)
    ax.set_title(r"$\sqrt{n}$")
    root, texts = saved(figure, tmp_path)
    power = texts["10\N{MINUS SIGN}3"]
    assert power.get("style") == "text-anchor: end"
    assert [(part.text, float(part.get("dy")) < -3) for part in power] == [("10", False), ("\N{MINUS SIGN}3", True)]
    (formula,) = (group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}rect") is not None)
    assert [part.text for part in formula[0]] == ["\N{SQUARE ROOT}", "n"]
    assert all(part.get("x") for part in formula[0])


def test_spaces_at_the_ends_of_a_text_are_kept(tmp_path):
    figure, ax = plt.subplots()
    ax.text(0.5, 0.5, "  12 of 3  ")
    _, texts = saved(figure, tmp_path)
    assert "\N{NO-BREAK SPACE}" * 2 + "12 of 3" + "\N{NO-BREAK SPACE}" * 2 in texts


@pytest.mark.parametrize("color", ["#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#808080"])
def test_a_text_keeps_its_hue_and_can_be_read_in_both_themes(tmp_path, color):
    figure, ax = plt.subplots()
    ax.plot([1, 2], color=color)
    ax.text(0.5, 0.5, "a text", color=color)
    root, texts = saved(figure, tmp_path)
    light, dark = re.search(r"fill: light-dark\((.*), (.*)\)", texts["a text"].get("style")).groups()
    assert contrast(light, LIGHT) >= 4.5
    assert contrast(dark, DARK) >= 4.5
    assert texts["a text"].get("fill") == light  # for browsers that know no light-dark()
    for each in (light, dark):
        assert hue(each) == pytest.approx(hue(color), abs=0.01)
    assert f"stroke: {color}" in ElementTree.tostring(root, "unicode")  # a line keeps its colour


def hue(color):
    return colorsys.rgb_to_hsv(*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0]


def test_a_color_that_can_be_read_stays():
    assert legible("#0072b2", LIGHT) == "#0072b2"
    assert legible("#e69f00", DARK) == "#e69f00"


def test_places_are_told_to_a_tenth_of_a_point(tmp_path):
    figure, ax = plt.subplots()
    ax.plot([1 / 3, 2 / 3, 1 / 7], "o-")
    root, _ = saved(figure, tmp_path)
    shapes = [(path.get("d"), "clip-path" in path.attrib) for path in root.iter(f"{SVG}path")]
    digits = {(len(each), is_line) for shape, is_line in shapes for each in re.findall(r"\.(\d+)", shape)}
    assert digits >= {(1, True), (2, False)}  # a line, and the outline of its marks
    assert max(digits) == (2, False)
    assert root.findall(f".//{SVG}metadata") == []
    assert [each.text.startswith(":root") for each in root.iter(f"{SVG}style")] == [True]  # none that says `*`


def two_panels(columns=2, **named):
    figure, axes = plt.subplots(1, columns, figsize=(8.4, 3), layout="constrained", **named)
    for number, ax in enumerate(axes):
        ax.plot([1, 2 + number])
        ax.set_title(f"panel {number}")
        ax.set_xlabel("x")
    axes[0].set_ylabel("what is shared")
    figure.suptitle("A title that is too long for the screen of a phone and is broken into lines")
    return figure


def test_panels_side_by_side_are_stacked_for_a_narrow_screen_and_put_back(tmp_path):
    figure = two_panels(sharey=True)
    before, _ = saved(figure, tmp_path)
    save_narrow(figure, tmp_path / "narrow.svg")
    after, _ = saved(figure, tmp_path)
    assert ElementTree.tostring(before) == ElementTree.tostring(after)
    narrow = ElementTree.parse(tmp_path / "narrow.svg").getroot()
    width, height = (float(narrow.get(name).removesuffix("pt")) for name in ("width", "height"))
    assert (width, height) == (302.4, 432)  # points: each panel has the size that it had
    texts = ["".join(text.itertext()) for text in narrow.iter(f"{SVG}text")]
    assert texts.count("what is shared") == 2  # what the first panel said for both
    assert texts.count("1.0") == 4  # below each panel and beside it
    assert "A title that is too long for the screen of a phone and is broken into lines" not in texts


def test_a_wide_plot_is_drawn_narrower(tmp_path):
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    ax.plot([1, 2])
    save_narrow(figure, tmp_path / "narrow.svg")
    narrow = ElementTree.parse(tmp_path / "narrow.svg").getroot()
    assert float(narrow.get("width").removesuffix("pt")) < 300
    assert tuple(figure.get_size_inches()) == (7, 4)


def in_equal_units():
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    ax.set_aspect("equal")
    return figure


def with_colorbar():
    figure = two_panels()
    figure.colorbar(figure.axes[0].scatter([1, 2], [1, 2], c=[1, 2]), ax=figure.axes[:2])
    return figure


def nested():
    figure = plt.figure(figsize=(8, 4), layout="constrained")
    left, right = figure.add_gridspec(1, 2)
    for place in (left, right.subgridspec(2, 1)[0]):
        figure.add_subplot(place).set_axis_off()
    return figure


def with_a_text(text, line=(1, 0), right=1):
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0, right, 1))
    ax.plot([0, 1], line)
    ax.text(0.3, 0.1, text)
    return figure


@pytest.mark.parametrize(
    "make",
    [
        lambda: plt.subplots(2, 2, figsize=(8, 8), layout="constrained")[0],
        lambda: plt.subplots(figsize=(4.4, 4), layout="constrained")[0],  # a phone shows it as it is
        lambda: plt.subplots(1, 2, figsize=(8, 4))[0],  # places are given by hand
        in_equal_units,
        with_colorbar,
        nested,
        lambda: with_a_text("a label that reaches over the edge of a narrow plot"),
        lambda: with_a_text("over the edge of its panel", line=(0, 1), right=0.7),
        lambda: with_a_text("a label that meets the line"),
    ],
)
def test_what_cannot_be_laid_out_anew_has_no_narrow_drawing(tmp_path, make):
    figure = make()
    (tmp_path / "narrow.svg").write_text("of an earlier run", "utf-8")
    before, _ = saved(figure, tmp_path)
    save_narrow(figure, tmp_path / "narrow.svg")
    after, _ = saved(figure, tmp_path)
    assert not (tmp_path / "narrow.svg").exists()
    assert ElementTree.tostring(before) == ElementTree.tostring(after)


def test_a_short_label_fits(tmp_path):
    save_narrow(with_a_text("short"), tmp_path / "narrow.svg")
    assert (tmp_path / "narrow.svg").exists()
