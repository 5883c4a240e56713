"""What a reader does on the built site, in a real browser: opens, copies, prints, changes the theme."""

import contextlib
import re

import pytest
from _ext.sources.reading_order import SECTIONS, scripts_of
from browser import note, open_window
from places import ROOT

pytestmark = [pytest.mark.long, pytest.mark.site]

UNSQUEEZE = "auto_examples/broadcasting/unsqueeze"


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site in a window, which is closed after the test."""
    with contextlib.ExitStack() as windows:
        yield lambda page, width=1280, theme="light", base=address, **options: windows.enter_context(
            open_window(browser, base, page, width, theme, **options)
        )


def test_what_scrolls_is_reached_by_keyboard_from_when_it_scrolls(open_page):
    window = open_page(UNSQUEEZE)
    frame = window.locator(".figure-frame").first
    assert frame.get_attribute("tabindex") is None
    drawing = frame.locator("svg").first
    drawing.evaluate("e => { e.style.maxWidth = 'none'; e.style.width = '3000px' }")
    is_group = "frame => frame.tabIndex === 0 && frame.getAttribute('role') === 'group'"
    window.wait_for_function(is_group, arg=frame.element_handle(), timeout=5000)
    drawing.evaluate("e => { e.style.width = '300px' }")
    is_plain = "frame => !frame.hasAttribute('tabindex') && !frame.hasAttribute('role')"
    window.wait_for_function(is_plain, arg=frame.element_handle(), timeout=5000)


def test_the_drawers_of_a_narrow_screen_open_by_keyboard(open_page):
    window = open_page(UNSQUEEZE, 360)
    link = window.locator(".sidebar-tree a").first
    assert not link.is_visible()
    window.keyboard.press("Tab")
    window.keyboard.press("Space")
    window.wait_for_timeout(400)
    assert link.is_visible()


@pytest.mark.parametrize("width", [1264, 1280])
def test_the_contents_of_a_page_stand_beside_it_on_a_usual_screen(open_page, width):
    window = open_page(UNSQUEEZE, width)
    last = window.locator(".toc-drawer a").last
    assert last.is_visible()
    assert last.bounding_box()["x"] + last.bounding_box()["width"] <= width
    assert not window.locator(".toc-overlay-icon").first.is_visible()


@pytest.mark.parametrize("chosen", ["auto", "light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("page", [UNSQUEEZE, "howto/notebook"])
def test_figures_follow_the_theme_in_all_six_combinations(open_page, page, system, chosen):
    window = open_page(page, theme=system)
    switch = window.locator(".theme-toggle-content button")
    for _ in range(3):  # the switch goes round
        if window.evaluate("document.body.dataset.theme") == chosen:
            break
        switch.click()
    assert window.evaluate("document.body.dataset.theme") == chosen
    shown = system if chosen == "auto" else chosen
    assert window.evaluate("getComputedStyle(document.body).colorScheme") == shown
    figure = window.locator("article :is(img, .figure)").first
    figure.scroll_into_view_if_needed()
    window.wait_for_timeout(200)
    background, contrast = background_and_contrast(window, figure)
    assert (background > 200) == (shown == "light")
    assert contrast > 180  # the text stands out


def background_and_contrast(window, figure):
    """Return the grey of a picture's corner, and how far its furthest pixel is from that."""
    return window.evaluate(
        """async bytes => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const data = context.getImageData(0, 0, image.width, image.height).data;
            let furthest = 0;
            for (let i = 0; i < data.length; i += 4) furthest = Math.max(furthest, Math.abs(data[i] - data[0]));
            return [data[0], furthest];
        }""",
        list(figure.screenshot()),
    )


def test_solutions_open_by_keyboard(open_page):
    window = open_page(UNSQUEEZE)
    solution = window.locator("details.solution").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").focus()
    window.keyboard.press("Enter")
    assert solution.locator("pre").first.is_visible()


def test_all_that_carries_a_proof_unfolds_at_once(open_page):
    window = open_page(UNSQUEEZE)
    proofs = "[...document.querySelectorAll('article details.more')].map(each => each.open)"
    count = len(window.evaluate(proofs))
    assert count > 5
    assert window.evaluate(proofs) == [False] * count
    button = window.locator(".page-actions button", has_text="old all")
    window.locator("details.more summary").first.click()
    assert button.inner_text() == "Unfold all"
    button.click()
    assert window.evaluate(proofs) == [True] * count
    assert window.evaluate("document.querySelector('details.solution').open") is False
    window.wait_for_function("document.querySelector('.page-actions').innerText.includes('Fold all')")
    button.click()
    assert window.evaluate(proofs) == [False] * count


def test_a_link_to_what_is_folded_opens_it(open_page):
    window = open_page(UNSQUEEZE)
    link = window.locator('.toc-tree a[href^="#more-"]').first
    part = window.locator(link.get_attribute("href"))
    assert not part.is_visible()
    link.click()
    part.wait_for(state="visible")


def test_what_is_folded_opens_for_print_and_closes_after(open_page):
    window = open_page(UNSQUEEZE)
    is_open = "[...document.querySelectorAll('article details')].map(each => each.open)"
    window.locator("details.solution summary").last.click()
    before = window.evaluate(is_open)
    assert before.count(True) == 1
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(window.evaluate(is_open))
    window.evaluate("dispatchEvent(new Event('afterprint'))")
    assert window.evaluate(is_open) == before


@pytest.mark.parametrize("page", [UNSQUEEZE, "auto_examples/memory/tensor_storage", "reference/memory"])
def test_no_sheet_of_paper_is_left_half_empty(open_page, page):
    sheet = {"width": 720, "height": 1000}
    window = open_page(page)
    window.set_viewport_size(sheet)
    window.emulate_media(media="print")
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    needed = window.evaluate("document.documentElement.scrollHeight") / sheet["height"]
    printed = window.pdf(width="720px", height="1000px")
    sheets = len(re.findall(rb"/Type /Page\b", printed))
    assert needed - 1 < sheets <= 1 + 1.1 * needed


def test_the_buttons_copy(open_page):
    window = open_page(UNSQUEEZE, permissions=["clipboard-read", "clipboard-write"])
    read = "navigator.clipboard.readText()"
    window.locator("article pre").first.hover()
    window.locator("button.copybtn").first.click()
    assert window.evaluate(read).startswith("import torch\n")
    window.get_by_role("button", name="Copy all code").click()
    window.get_by_role("button", name="Copied", exact=True).wait_for()
    copied = window.evaluate(read)
    assert copied.startswith("# /// script\n")
    script = (ROOT / "examples/broadcasting/unsqueeze.py").read_text("utf-8")
    code = [line for line in script.splitlines() if line and not line.startswith("#")]
    lines = copied.splitlines()
    assert [line for line in code[code.index("import torch") :] if line not in lines] == []
    compile(copied, "copied", "exec")


@pytest.mark.parametrize(
    ("page", "language", "prompts"),
    [("reference/memory", "default", (">>> ", "... ")), ("howto/gpu", "console", ("$ ",))],
)
def test_of_a_session_only_what_was_typed_is_copied(open_page, page, language, prompts):
    window = open_page(page, permissions=["clipboard-read", "clipboard-write"])
    blocks = window.locator(f"article .highlight-{language}:has(.gp)")
    assert blocks.count() > 0
    for block in blocks.all():
        block.hover()
        block.locator("button.copybtn").click()
        copied = window.evaluate("navigator.clipboard.readText()").split("\n")
        shown = [line for line in block.locator("pre").text_content().split("\n") if line.startswith(prompts)]
        assert copied == [line[len(prompts[0]) :] for line in shown]


def test_the_page_of_a_folder_works_too(open_page, built_site):
    window = open_page(UNSQUEEZE, base=f"file://{built_site}")
    assert [url for url in window.asked if not url.startswith(("file://", "data:"))] == []
    assert window.wrong == []
    assert window.get_by_role("button", name="Copy all code").is_visible()


@pytest.mark.parametrize("nowhere", ["gone", "howto/gone", "no/such/folder/at/all"])
def test_from_an_address_that_leads_nowhere_there_is_a_way_to_the_first_page(open_page, address, nowhere):
    window = open_page(nowhere)
    window.get_by_role("link", name="the first page").click()
    window.wait_for_url(f"{address}/index.html")
    assert window.title() == "tensorglass"


def test_the_focus_is_seen_on_the_buttons_that_copy(open_page):
    window = open_page(UNSQUEEZE)
    button = window.locator("button.copybtn").first
    window.locator("article pre").first.evaluate("e => e.setAttribute('tabindex', '0')")
    window.locator("article pre").first.focus()
    window.keyboard.press("Tab")
    for _ in range(60):
        if button.evaluate("e => e === document.activeElement"):
            break
        window.keyboard.press("Tab")
    assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    window.wait_for_timeout(400)
    assert float(button.evaluate("e => getComputedStyle(e).opacity")) == 1


def test_the_first_page_shows_what_this_is_within_one_screen(open_page):
    window = open_page("index")
    assert window.get_by_text("RuntimeError: The size of tensor a").bounding_box()["y"] < 900
    folders = [ROOT / "examples" / section for section in SECTIONS if section != "papers"]
    links = window.locator(".questions a")
    assert links.count() == sum(1 + len(scripts_of(folder)) for folder in folders)
    numbers = window.locator(".questionnaire-numbers").bounding_box()
    assert numbers["y"] + numbers["height"] < 900  # a reader of the book finds question 27 at once
    headings = window.locator(".questions > p")
    assert headings.count() == len(folders)
    seen = [heading.bounding_box()["y"] < 900 for heading in headings.all()]
    note("index", "sections seen (4)", sum(seen))
    assert sum(seen) >= 4
