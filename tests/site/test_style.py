"""What the style sheet makes of the pages: what must be told apart, keep its place and its size, and come at once."""

import contextlib
import re

import pytest
from browser import open_window
from places import ROOT

pytestmark = [pytest.mark.long, pytest.mark.site]

UNSQUEEZE = "auto_examples/broadcasting/unsqueeze"

# The ratio of contrast of two colours, as the browser writes them.
CONTRAST = """
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255);
        const [r, g, b] = parts.map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
    const behind = e => {
        const colour = getComputedStyle(e).backgroundColor;
        return colour === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : colour;
    };
"""


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site in a window, which is closed after the test."""
    with contextlib.ExitStack() as windows:
        yield lambda page, width=1280, theme="light", **options: windows.enter_context(
            open_window(browser, address, page, width, theme, **options)
        )


RULES = """text => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return [...sheet.cssRules].map(rule => rule.cssText);
}"""


@pytest.mark.parametrize("name", ["tensorglass.css", "explorers/explorers.css"])
def test_style_sheets_are_sent_without_comments_and_mean_the_same(open_page, built_site, name):
    sent = (built_site / "_static" / name).read_text("utf-8")
    written = (ROOT / "docs/_static" / name).read_text("utf-8")
    window = open_page(UNSQUEEZE)
    rules = window.evaluate(RULES, sent)
    assert len(rules) > 10
    assert rules == window.evaluate(RULES, written)
    assert len(sent) < 0.95 * len(written)
    assert not re.search(r"/\*(?!!)", sent)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", [UNSQUEEZE, "questions", "reference/index"])
def test_links_in_code_are_seen(open_page, page, theme):
    window = open_page(page, theme=theme)
    links = window.evaluate(
        f"""() => {{
            {CONTRAST}
            return [...document.querySelectorAll('article .highlight a, article a:has(> code)')].map(e => {{
                const text = e.querySelector('span, code') || e, style = getComputedStyle(e);
                const line = contrast(style.textDecorationColor, behind(text));
                return [style.textDecorationLine, line, contrast(getComputedStyle(text).color, behind(text))];
            }});
        }}"""
    )
    assert len(links) > 10
    assert [each for each in links if each[0] != "underline" or min(each[1:]) < 4.5] == []


def test_a_link_in_code_answers_to_the_mouse(open_page):
    window = open_page(UNSQUEEZE)
    link = window.locator("article .highlight a").first
    style = "e => getComputedStyle(e).textDecorationStyle"
    assert link.evaluate(style) == "dotted"
    link.hover()
    assert link.evaluate(style) == "solid"


@pytest.mark.parametrize(("width", "title"), [(1280, "34px"), (390, "28px")])
def test_headings_and_code_have_their_sizes(open_page, width, title):
    window = open_page(UNSQUEEZE, width)
    sizes = [window.locator(f"article {part}").first for part in ("h1", "h2", "h3", "pre")]
    assert [each.evaluate("e => getComputedStyle(e).fontSize") for each in sizes] == [title, "24px", "19px", "14px"]


def test_a_long_line_of_code_fits(open_page):
    window = open_page(UNSQUEEZE)
    window.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    shown = window.evaluate(
        """[...document.querySelectorAll('article .highlight-Python pre')].map(e => {
            e.textContent = 'x'.repeat(88);
            const part = e.parentElement.closest('details, #short-answer');
            const inside = part && part.getBoundingClientRect();
            const box = e.getBoundingClientRect(), fits = e.scrollWidth <= e.clientWidth;
            return [fits, !part || (inside.left <= box.left && box.right <= inside.right), part ? part.className : ''];
        })"""
    )
    assert {each[2] for each in shown} == {"", "solution", "more", "more more-code"}
    assert [each for each in shown if not (each[0] and each[1])] == []


def test_who_follows_a_link_on_the_page_is_there_at_once(open_page):
    window = open_page(UNSQUEEZE)
    place = "document.querySelector('#references').getBoundingClientRect().top"
    before = window.evaluate(place)
    window.evaluate("document.querySelector('.toc-tree a[href=\"#references\"]').click()")
    window.evaluate("new Promise(requestAnimationFrame)")
    after = window.evaluate(place)
    window.wait_for_timeout(2000)
    assert before > 2000
    assert window.evaluate(place) == after


def test_where_nothing_can_be_pointed_at_the_buttons_that_copy_are_seen(open_page):
    opacity = "e => +getComputedStyle(e).opacity"
    with_mouse, by_finger = open_page(UNSQUEEZE), open_page(UNSQUEEZE, 390, has_touch=True, is_mobile=True)
    assert with_mouse.locator("button.copybtn").first.evaluate(opacity) == 0
    assert by_finger.locator("button.copybtn").first.evaluate(opacity) == 1


@pytest.mark.parametrize(("page", "beside"), [("auto_examples/papers/index", 1700), ("checks", 2600)])
def test_long_lists_are_a_line_for_each_page(open_page, page, beside):
    window = open_page(page)
    lines = window.locator("details.of-page > summary")
    assert lines.count() > 5
    heights = [line.bounding_box()["height"] for line in lines.all()]
    assert max(heights) < 64  # two lines of text at most
    assert window.evaluate("document.documentElement.scrollHeight") - sum(heights) < beside  # however many pages


def test_the_points_of_numbers_stand_below_each_other(open_page):
    window = open_page("auto_examples/papers/index")
    window.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    places = window.evaluate(
        """[...document.querySelectorAll('table.reproductions')].map(table => [3, 4].map(column =>
            [...table.querySelectorAll(`tbody td:nth-child(${column}) p`)].map(e => e.firstChild)
                .filter(text => text.data.includes('.'))
                .map(text => {
                    const range = document.createRange(), point = text.data.indexOf('.');
                    range.setStart(text, point);
                    range.setEnd(text, point + 1);
                    return range.getBoundingClientRect().left;
                })
        )).flat().filter(each => each.length > 1)"""
    )
    assert len(places) > 5
    assert [each for each in places if max(each) - min(each) > 1] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_mark_stands_beside_the_name_and_on_the_tab(open_page, theme):
    window = open_page(UNSQUEEZE, theme=theme)
    mark, name = (window.locator(f".sidebar-brand {part}") for part in ("img", ".sidebar-brand-text"))
    assert mark.evaluate("i => i.complete && i.naturalWidth > 0")
    assert mark.get_attribute("alt") == ""
    left, right = mark.bounding_box(), name.bounding_box()
    assert left["x"] + left["width"] < right["x"]
    assert abs(left["y"] + left["height"] / 2 - right["y"] - right["height"] / 2) < 4
    icon = window.locator("link[rel~=icon]").evaluate("e => e.href")
    answer = window.request.get(icon)
    assert answer.ok
    assert answer.headers["content-type"] == "image/svg+xml"
    seen = window.evaluate(
        f"""text => {{
            {CONTRAST}
            const rgb = hex => 'rgb(' + [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)).join(',') + ')';
            const behindMark = behind(document.querySelector('.sidebar-brand'));
            return text.match(/#[0-9a-f]{{6}}/g).map(colour => contrast(rgb(colour), behindMark));
        }}""",
        answer.text(),
    )
    assert len(seen) == 3
    assert min(seen) >= 3


@pytest.mark.parametrize("width", [1100, 1264, 1280, 1440, 1920])
def test_the_sidebar_keeps_its_place_from_page_to_page(open_page, width):
    windows = [open_page(page, width) for page in ("index", "howto/index", "errors", UNSQUEEZE, "search")]
    place = "document.querySelector('.sidebar-brand-text').getBoundingClientRect().x"
    assert len({round(window.evaluate(place)) for window in windows}) == 1
