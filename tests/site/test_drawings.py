"""Figures as they stand in the built pages: what a reader can read, find and select, in both themes and on a phone."""

import contextlib
import json

import pytest
from _ext.page.drawings import BOTH, HEAVIEST, drawings_of, in_page
from browser import open_window
from bs4 import BeautifulSoup
from places import ROOT

UNSQUEEZE = "auto_examples/broadcasting/unsqueeze"
IN_COLORS = "auto_examples/papers/glorot_bengio"  # two panels, with texts in colours
QUESTIONS = [f"auto_examples/{path.parent.name}/{path.stem}" for path in sorted(ROOT.glob("examples/*/*.py"))]
LEAST_CONTRAST = 4.5

# Of each text in a drawing that is shown: what it says, and its contrast with what is behind the figure.
CONTRASTS = """() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = parts(colour).map(x => x / 255)
            .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const behind = e => {
        const colour = getComputedStyle(e).backgroundColor;
        return colour === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : colour;
    };
    const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
    return [...document.querySelectorAll('.figure > svg text')].map(e => {
        const part = e.querySelector('tspan') || e, style = getComputedStyle(part);
        return [e.textContent, contrast(style.fill, behind(e.closest('.figure'))) * style.opacity];
    });
}"""


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site in a window, which is closed after the test."""
    with contextlib.ExitStack() as windows:
        yield lambda page, width=1280, theme="light", **options: windows.enter_context(
            open_window(browser, address, page, width, theme, **options)
        )


def test_heavy_figures_and_such_that_are_no_svg_stay_images(tmp_path):
    svg, png = tmp_path / "a.svg", tmp_path / "b.png"
    narrow = tmp_path / "a.narrow.svg"
    for path in (svg, png):
        path.write_text("-" * HEAVIEST)
    assert drawings_of(svg) == [svg]
    assert drawings_of(png) == []
    narrow.write_text("-" * HEAVIEST)
    assert drawings_of(svg) == [svg]
    svg.write_text("-" * 1000)
    narrow.write_text("-" * (BOTH - 1000))
    assert drawings_of(svg) == [svg, narrow]
    narrow.write_text("-" * (BOTH - 999))
    assert drawings_of(svg) == [svg]
    for path in (svg, narrow):
        path.write_text("-" * (HEAVIEST + 1))
        assert drawings_of(svg) == []


def test_a_drawing_in_a_page_has_names_of_its_own_and_no_style_for_others():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><style>* { fill: red }</style>'
        '<defs><path id="m1"/><clipPath id="p1"/></defs><g id="text_1"><use href="#m1" clip-path="url(#p1)"/>'
        '<text style="fill: #d55e00" fill="#d55e00">axis -1</text></g></svg>'
    )
    assert in_page(svg, "page_001-") == (
        '<svg width="96" height="48" style="--own-width: 96px">'
        '<defs><path id="page_001-m1" /><clipPath id="page_001-p1" /></defs><g>'
        '<use href="#page_001-m1" clip-path="url(#page_001-p1)" />'
        '<text style="fill: #d55e00" fill="#d55e00">axis -1</text></g></svg>'
    )


@pytest.mark.long
@pytest.mark.site
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", QUESTIONS)
def test_every_text_of_every_figure_can_be_read(open_page, page, theme):
    texts = open_page(page, theme=theme).evaluate(CONTRASTS)
    assert len(texts) > 5
    assert [(text, round(contrast, 2)) for text, contrast in texts if contrast < LEAST_CONTRAST] == []


@pytest.mark.long
@pytest.mark.site
@pytest.mark.parametrize("page", QUESTIONS)
def test_what_drawings_name_is_named_once_and_is_there(open_page, page):
    window = open_page(page)
    names, used = window.evaluate(
        """() => {
            const figures = [...document.querySelectorAll('.figure svg *')];
            const values = figures.flatMap(e => [...e.attributes].map(each => each.value));
            return [
                [...document.querySelectorAll('[id]')].map(e => e.id),
                values.flatMap(value => [...value.matchAll(/url\\(#(.*?)\\)|^#([a-z].*-.*)$/g)].map(m => m[1] || m[2])),
            ];
        }"""
    )
    assert len(names) == len(set(names))
    assert used != []
    assert set(used) <= set(names)
    assert window.locator("article svg style").count() == 0


@pytest.mark.long
@pytest.mark.site
@pytest.mark.parametrize("page", QUESTIONS)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_figure_is_told_once_and_one_drawing_of_it_is_shown(open_page, page, width):
    window = open_page(page, width)
    shown = window.evaluate(
        """[...document.querySelectorAll('[role=img].figure')].map(e => [
            e.ariaLabel.length, e.querySelectorAll('[role], [aria-label], title').length,
            [...e.children].filter(svg => getComputedStyle(svg).display !== 'none').length,
        ])"""
    )
    assert shown != []
    assert [each for each in shown if each[0] < 20 or each[1:] != [0, 1]] == []


@pytest.mark.long
@pytest.mark.site
def test_the_texts_of_a_figure_are_in_the_font_of_the_page_and_are_found_and_selected(open_page):
    window = open_page(UNSQUEEZE)
    text = window.locator(".figure text", has_text="axis -2").first
    font = "e => getComputedStyle(e).fontFamily"
    assert text.evaluate(font) == window.locator("article p").first.evaluate(font)
    window.locator(".figure").first.evaluate("e => getSelection().collapse(e, 0)")  # the search begins there
    assert window.evaluate("find('matrix + vector.unsqueeze(1)', true)")
    assert window.evaluate("getSelection().anchorNode.parentElement.closest('.figure') !== null")
    box = text.bounding_box()
    window.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2, click_count=3)
    assert window.evaluate("getSelection().toString().trim()") == "axis -2"
    assert text.evaluate("e => e.closest('a')") is None  # who drags over a link selects nothing


@pytest.mark.long
@pytest.mark.site
def test_on_a_phone_panels_are_stacked_and_nothing_scrolls(open_page):
    places = {}
    for width in (1280, 390):
        window = open_page(UNSQUEEZE, width)
        frame = window.locator(".figure-frame").first
        assert frame.evaluate("e => e.scrollWidth <= e.clientWidth")
        titles = frame.locator("text:visible", has_text="matrix + vector")
        places[width] = [titles.nth(i).bounding_box() for i in range(2)]
        assert titles.count() == 2
        smallest = min(each["height"] for each in (text.bounding_box() for text in frame.locator("text:visible").all()))
        assert smallest > 9
    (left, right), (above, below) = places[1280], places[390]
    assert right["x"] > left["x"] + 200
    assert abs(right["y"] - left["y"]) < 2
    assert below["y"] > above["y"] + 200
    assert above["x"] < 390 > below["x"]


@pytest.mark.long
@pytest.mark.site
def test_on_paper_a_figure_is_drawn_as_on_a_wide_screen_and_in_light_colors(open_page):
    window = open_page(IN_COLORS, theme="dark")
    window.set_viewport_size({"width": 600, "height": 900})  # narrower than a sheet of A4
    window.emulate_media(media="print")
    drawings = window.locator(".figure").first.locator("svg")
    assert [each.is_visible() for each in drawings.all()] == [True, False]
    seen = window.evaluate(CONTRASTS.replace("behind(e.closest('.figure'))", "'rgb(255, 255, 255)'"))
    assert [each for each in seen if each[1] < LEAST_CONTRAST] == []


@pytest.mark.long
@pytest.mark.site
def test_in_a_twin_a_figure_is_an_image_with_its_alternative(built_site):
    twin = (built_site / f"{UNSQUEEZE}.md").read_text("utf-8")
    lines = [line for line in twin.splitlines() if line.endswith("](../../_images/sphx_glr_unsqueeze_001.svg)")]
    assert len(lines) == 1
    assert lines[0].startswith("![matrix + vector. Shapes (3, 4) and (3,) aligned")
    assert "\nresult\n" not in twin


@pytest.mark.long
@pytest.mark.site
def test_the_search_does_not_know_the_labels_of_figures(built_site):
    script = (built_site / "search_sections.js").read_text("utf-8")
    found = {page: str(said) for page, _, said in json.loads(script.partition(" = ")[2].rstrip(";\n"))}
    labels = set()
    for page in QUESTIONS:
        article = BeautifulSoup((built_site / f"{page}.html").read_text("utf-8"), "html.parser").article
        texts = {text.get_text() for figure in article.select(".figure") for text in figure.select("text")}
        for figure in article.select(".figure"):
            figure.decompose()
        drawn = {text for text in texts if len(text) > 12 and text not in article.get_text()}
        assert [text for text in drawn if text in found[f"{page}.html"]] == []
        labels |= drawn
    assert len(labels) > 5
