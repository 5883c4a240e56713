"""Each page of the built site in a real browser, against the bars that every page must meet.

A page is opened once in each theme and width, and once without JavaScript (see `looks`). Each test judges one quality.
"""

import functools
import re

import pytest
from _ext.law import budget
from browser import note
from bs4 import BeautifulSoup
from looks import (
    cut_text,
    folded,
    images,
    in_print,
    jumping_images,
    keyboard,
    look_at,
    look_without_scripts,
    overflow,
    parts,
    reading,
    sizes,
    unfolded,
    violations,
)
from places import ROOT

pytestmark = [pytest.mark.long, pytest.mark.site]

QUESTIONS = [f"auto_examples/{path.parent.name}/{path.stem}" for path in sorted(ROOT.glob("examples/*/*.py"))]
SECTIONS = sorted({page.rpartition("/")[0] + "/index" for page in QUESTIONS})
WRITTEN = sorted(
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/[!_]*/*.md")]
)
PAGES = [*WRITTEN, "auto_examples/index", *SECTIONS, *QUESTIONS, "genindex", "search", "404"]
ONE_OF_EACH_KIND = [
    "index",
    "questions",
    "auto_examples/index",
    "reference/broadcasting",
    "auto_examples/broadcasting/unsqueeze",
]

# The bars, in bytes as sent.
PAGE_WEIGHT, INDEX_WEIGHT, TEXT_WEIGHT = 250_000, 250_000, 90_000
CATALOGUE = 26_000  # all that is said of pasted messages, which the list of errors loads
# A laptop's screen, and a phone's: a reader who sees no more has the answer and what it printed, or its beginning.
SCREEN, PHONE, PHONE_SCREEN = 800, 390, 844


def steps(page, theme, width):
    """Return what is looked at in one window of a page: some qualities in all four, others in one that shows them."""
    if width == PHONE:
        return [reading]
    more = {("light", 1280): [parts, reading, images, jumping_images, keyboard], ("dark", 1280): [in_print]}
    if page in ONE_OF_EACH_KIND:
        more["light", 360] = [keyboard]
    return [unfolded, overflow, cut_text, violations, folded, *more.get((theme, width), [])]


def one_unit(page, *values):
    """Return the case of a page; all cases of a page are a unit, so one process has them and opens each window once."""
    unit = pytest.mark.unit("browser {page}", built="{page}")
    return pytest.param(page, *values, marks=unit, id="-".join([page, *map(str, values)]))


each_page = pytest.mark.parametrize("page", [one_unit(page) for page in PAGES])
each_page_without_scripts = pytest.mark.parametrize("page", [one_unit(page) for page in PAGES if page != "search"])
each_page_by_keyboard = pytest.mark.parametrize(
    ("page", "width"),
    [*(one_unit(page, 1280) for page in PAGES), *(one_unit(page, 360) for page in ONE_OF_EACH_KIND)],
)


def in_each_window(test):
    """Give the test each page, in both themes, on a narrow and a wide screen."""
    windows = [(theme, width) for theme in ("light", "dark") for width in (360, 1280)]
    return pytest.mark.parametrize(("theme", "width"), windows)(each_page(test))


@pytest.fixture(scope="module")
def look(browser, address):
    """What is seen of a page in a window, which is opened when a test first asks for it."""

    @functools.cache
    def look(page, theme, width):
        return look_at(browser, address, page, theme, width, steps(page, theme, width))

    return lambda page, theme="light", width=1280: look(page, theme, width)  # one window has one name in the cache


@pytest.fixture(scope="module")
def without_scripts(browser, address):
    """What is seen of a page where no JavaScript runs."""
    return functools.cache(functools.partial(look_without_scripts, browser, address))


@in_each_window
def test_a_page_asks_no_other_host(look, address, page, theme, width):
    elsewhere = [url for url in look(page, theme, width).asked if not url.startswith((address, "data:"))]
    note(page, "requests elsewhere (0)", len(elsewhere))
    assert elsewhere == []


@in_each_window
def test_nothing_goes_wrong_while_a_page_loads(look, page, theme, width):
    assert [text for text in look(page, theme, width).wrong if page != "404" or "favicon" not in text] == []


@in_each_window
def test_a_page_is_not_wider_than_its_window(look, page, theme, width):
    overflow = look(page, theme, width).overflow
    note(page, "overflow px (0)", max(overflow, 0))
    assert overflow <= 0


@in_each_window
def test_prose_headings_and_errors_need_no_scrolling_sideways(look, page, theme, width):
    assert look(page, theme, width).cut_text == []


@in_each_window
def test_no_rule_of_accessibility_is_broken(look, page, theme, width):
    found = look(page, theme, width).violations
    note(page, "axe (0)", len(found))
    assert found == []


@each_page
def test_all_that_a_page_loads_is_light(look, built_site, address, page):
    everything = sum(sizes(look(page), built_site, address).values())
    note(page, "kB (250)", round(everything / 1000))
    assert everything <= (INDEX_WEIGHT if page.endswith("index") else PAGE_WEIGHT)


@each_page
def test_the_text_styles_and_scripts_of_a_page_are_light(look, built_site, address, page):
    weights = sizes(look(page), built_site, address)
    text = sum(size for url, size in weights.items() if re.search(r"\.(html|css|js)\b", url))
    note(page, "html css js kB (90)", round(text / 1000))
    assert text <= TEXT_WEIGHT + (CATALOGUE if page == "errors" else 0)


@each_page
def test_images_have_their_place_before_they_arrive(look, page):
    assert look(page).jumping_images == []


@each_page
def test_a_question_has_a_figure_and_a_section_has_images(look, page):
    seen = look(page).images
    note(page, "images", len(seen))
    assert (page in QUESTIONS) <= any(is_figure for *_, is_figure in seen)
    assert (page in SECTIONS) <= bool(seen)


@pytest.mark.parametrize("page", [one_unit(page) for page in QUESTIONS])
def test_a_question_takes_five_minutes_to_read(look, page):
    seen = look(page).reading
    note(page, f"words ({budget.WORDS})", seen["words"])
    note(page, f"lines of code ({budget.LINES})", seen["lines"])
    note(page, "screens", round(seen["height"] / SCREEN, 1))
    assert 0 < seen["words"] <= budget.WORDS
    assert 0 < seen["lines"] <= budget.LINES


@pytest.mark.parametrize("page", [one_unit(page) for page in QUESTIONS])
def test_the_answer_and_what_it_prints_are_on_the_first_screen(look, page):
    seen, on_a_phone = look(page).reading, look(page, "light", PHONE).reading
    note(page, f"output read at px ({SCREEN})", seen["first_line"])
    note(page, f"picture at px ({2 * SCREEN})", seen["picture"])
    note(page, f"on a phone, output at px ({1.3 * PHONE_SCREEN:.0f})", on_a_phone["output"])
    assert 0 < seen["answer"] < seen["output"] < seen["first_line"] <= SCREEN
    assert seen["output"] < seen["picture"] <= 2 * SCREEN
    assert 0 < on_a_phone["output"] <= 1.3 * PHONE_SCREEN


@each_page
def test_every_image_is_shown(look, page):
    assert [source for _, width, source, _ in look(page).images if width <= 50] == []


@each_page
def test_the_width_of_the_screen_is_named_once(built_site, page):
    text = (built_site / f"{page}.html").read_text("utf-8")
    assert text.count('<meta name="viewport"') == 1


@pytest.mark.parametrize("page", [one_unit(page) for page in ["auto_examples/index", *SECTIONS]])
def test_a_card_says_in_the_page_itself_what_it_leads_to(built_site, page):
    cards = BeautifulSoup((built_site / f"{page}.html").read_text("utf-8"), "html.parser").select(
        ".sphx-glr-thumbcontainer"
    )
    assert len(cards) > 1
    for card in cards:
        assert set(card.attrs) == {"class"}
        assert len(card.select_one("p.card-text").text) > 30
        assert len(card.select("a")) == 1


@each_page
def test_every_image_is_described(look, page):
    for alternative, _, source, is_figure in look(page).images:
        assert len(alternative) > (60 if is_figure else 10), source
        assert "sphx" not in alternative, source


@each_page_by_keyboard
def test_everything_is_reached_by_keyboard(look, page, width):
    missed, _ = look(page, width=width).keyboard
    note(page, "not by keyboard (0)", len(missed))
    assert missed == []


@each_page_by_keyboard
def test_nothing_that_cannot_be_seen_takes_the_focus(look, page, width):
    _, unseen = look(page, width=width).keyboard
    assert unseen == []


@each_page
def test_paper_is_light(look, page):
    assert look(page, "dark").in_print["scheme"] == "light" or page == "404"


@each_page
def test_nothing_is_cut_in_print(look, page):
    cut = look(page, "dark").in_print["cut"]
    note(page, "cut in print (0)", len(cut))
    assert cut == []


@each_page
def test_nothing_stands_on_every_sheet_of_paper(look, page):
    assert look(page, "dark").in_print["on_every_sheet"] == []


@each_page
def test_what_is_folded_is_printed(look, page):
    opened = look(page, "dark").in_print["opened"]
    assert (page in QUESTIONS) <= bool(opened)
    assert all(opened)


@each_page
def test_the_licences_are_printed(look, page):
    assert look(page, "dark").in_print["licences"] == [True] or page == "404"


@each_page_without_scripts
def test_without_javascript_no_control_is_dead(without_scripts, page):
    assert without_scripts(page).dead_controls == 0


@each_page_without_scripts
def test_without_javascript_everything_is_there(look, without_scripts, page):
    assert without_scripts(page).parts == look(page).parts


@each_page_without_scripts
def test_without_javascript_the_text_is_shown(without_scripts, page):
    assert without_scripts(page).hidden_text == []
