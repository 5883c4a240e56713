"""Figures as the site shows them: their theme, their cards, what they show in words."""

import re

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt
from _ext.runs.figures import save_card, save_themed_svg, text_alternative


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
    assert not re.search('<g id="(text|legend)_', card)  # at the size of a card, no word could be read
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
