"""The built site in a real browser, against the bars that every page must meet."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import OPTIONS, chromium, note, sent_size, served

pytestmark = [pytest.mark.long, pytest.mark.site]

ROOT = Path(__file__).parents[2]
QUESTIONS = [f"auto_examples/{path.parent.name}/{path.stem}" for path in sorted(ROOT.glob("examples/*/*.py"))]
SECTIONS = sorted({page.rpartition("/")[0] + "/index" for page in QUESTIONS})
WRITTEN = sorted(
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/[!_]*/*.md")]
)
PAGES = [*WRITTEN, "auto_examples/index", *SECTIONS, *QUESTIONS, "genindex", "search", "404"]
UNSQUEEZE = "auto_examples/broadcasting/unsqueeze"

# The bars, in bytes as sent.
PAGE_WEIGHT, INDEX_WEIGHT, TEXT_WEIGHT = 250_000, 250_000, 90_000


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(built_site, tmp_path_factory):
    with served(built_site, tmp_path_factory.mktemp("served")) as base:
        yield base


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site in a window; returns it with what it asked for and what went wrong while it loaded."""
    contexts = []

    def open_it(page, width=1280, theme="light", base=address, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        contexts.append(context)
        window = context.new_page()
        window.asked, window.wrong = [], []
        window.on("console", lambda message: window.wrong.append(message.text) if message.type == "error" else None)
        window.on("pageerror", lambda error: window.wrong.append(str(error)))
        window.on("request", lambda request: window.asked.append(request.url))
        window.on("requestfailed", lambda request: window.wrong.append(request.url))
        window.on("response", lambda answer: window.wrong.append(answer.url) if answer.status >= 400 else None)
        window.goto(f"{base}/{page}.html")
        return window

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_whole_and_accessible(open_page, address, page, theme, width):
    window = open_page(page, width, theme)
    elsewhere = [url for url in window.asked if not url.startswith((address, "data:"))]
    note(page, "requests elsewhere (0)", len(elsewhere))
    assert elsewhere == []
    assert [text for text in window.wrong if "favicon" not in text] == []
    overflow = window.evaluate("document.documentElement.scrollWidth") - width
    note(page, "overflow px (0)", max(overflow, 0))
    assert overflow <= 0
    # Prose, headings and error messages never need scrolling sideways.
    cut = window.evaluate(
        "[...document.querySelectorAll('article p, article h1, article h2, article h3, .error-output pre')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert cut == []
    violations = Axe().run(window, options={"resultTypes": ["violations"]}).response["violations"]
    found = [f"{each['id']}: {node['html'][:150]}" for each in violations for node in each["nodes"]]
    note(page, "axe (0)", len(found))
    assert found == []


LOAD_IMAGES = """async () => {
    for (const image of document.images) image.loading = 'eager';
    await Promise.all([...document.images].map(image => image.decode()));
}"""


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_light(open_page, built_site, page):
    window = open_page(page)  # what is further down is loaded when it comes into view, or is asked for here
    window.evaluate(LOAD_IMAGES)
    sizes = {url: sent_size(built_site, url) for url in set(window.asked) if not url.startswith("data:")}
    everything = sum(sizes.values())
    text = sum(size for url, size in sizes.items() if re.search(r"\.(html|css|js)\b", url))
    note(page, "kB (250)", round(everything / 1000))
    note(page, "html css js kB (90)", round(text / 1000))
    assert everything <= (INDEX_WEIGHT if page.endswith("index") else PAGE_WEIGHT)
    assert text <= TEXT_WEIGHT


@pytest.mark.parametrize("page", PAGES)
def test_every_image_is_shown_and_described(open_page, page):
    window = open_page(page)
    window.evaluate(LOAD_IMAGES)
    images = window.evaluate(
        "[...document.images].map(i => [i.alt, i.naturalWidth, i.currentSrc, i.classList.contains('figure')])"
    )
    # Each has its place before it arrives: by its own width and height, or by those of its card.
    jumping = window.evaluate(
        "[...document.images].filter(i => !i.closest('.sphx-glr-thumbcontainer, .pages-using'))"
        ".filter(i => !(Math.abs(i.getAttribute('width') / i.naturalWidth - 1) < 0.02"
        " && Math.abs(i.getAttribute('height') / i.naturalHeight - 1) < 0.02))"
        ".map(i => i.currentSrc)"
    )
    assert jumping == []
    assert (page in QUESTIONS) <= any(is_figure for *_, is_figure in images)
    assert (page in SECTIONS) <= bool(images)
    note(page, "images", len(images))
    for alternative, width, source, is_figure in images:
        assert width > 50, source
        assert len(alternative) > (60 if is_figure else 10), source
        assert "sphx" not in alternative


KEYBOARD_STOPS = """
    [...document.querySelectorAll('a[href], button, summary, input, [tabindex="0"]')].filter(e => {
        const style = getComputedStyle(e), box = e.getBoundingClientRect();
        const closed = e.closest('details:not([open])');
        return style.visibility === 'visible' && box.width > 0 && box.height > 0 && !e.disabled
            && !(closed && !e.matches('summary')) && e.tabIndex >= 0 && e.type !== 'hidden';
    })
"""


ONE_OF_EACH_KIND = ["index", "questions", "auto_examples/index", "reference/broadcasting", UNSQUEEZE]


@pytest.mark.parametrize(("page", "width"), [*((page, 1280) for page in PAGES), *((p, 360) for p in ONE_OF_EACH_KIND)])
def test_everything_is_reached_by_keyboard(open_page, page, width):
    window = open_page(page, width, reduced_motion="reduce")
    count = window.evaluate(
        "window.reached = new Set(); addEventListener('focusin', event => window.reached.add(event.target));"
        f"window.stops = {KEYBOARD_STOPS}; window.stops.length"
    )
    for _ in range(count + 5):
        window.keyboard.press("Tab")
    missed = window.evaluate("window.stops.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 200))")
    note(page, "not by keyboard (0)", len(missed))
    assert missed == []
    # And nothing that cannot be seen takes the focus.
    hidden = "[...window.reached].filter(e => getComputedStyle(e).visibility !== 'visible')"
    unseen = window.evaluate(f"{hidden}.map(e => e.outerHTML.slice(0, 200))")
    assert unseen == []


def test_what_scrolls_is_reached_by_keyboard_from_when_it_scrolls(open_page):
    window = open_page(UNSQUEEZE)
    frame = window.locator(".figure-frame").first
    assert frame.get_attribute("tabindex") is None
    frame.locator("img").evaluate("i => { i.style.maxWidth = 'none'; i.style.width = '3000px' }")
    is_group = "frame => frame.tabIndex === 0 && frame.getAttribute('role') === 'group'"
    window.wait_for_function(is_group, arg=frame.element_handle(), timeout=5000)
    frame.locator("img").evaluate("i => { i.style.width = '300px' }")
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
    figure = window.locator("article img").first
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


def test_without_javascript_the_search_says_what_it_needs(open_page):
    window = open_page("search", java_script_enabled=False)
    # Playwright's search for texts leaves out `noscript`, which is what shows here.
    assert "activate JavaScript" in window.locator(".admonition.error").inner_text()


@pytest.mark.parametrize("page", sorted({*PAGES} - {"search"}))
def test_without_javascript_everything_is_there(open_page, page):
    window, full = open_page(page, java_script_enabled=False), open_page(page)
    assert (
        window.locator(".theme-toggle-container:visible, .sidebar-search:visible, article button:visible").count() == 0
    )
    for part in ("article pre", "article img", "article p", "article table", "article details"):
        assert window.locator(part).count() == full.locator(part).count(), part
    said = [part for part in window.locator("article section p").all()[:40] if part.inner_text().strip()]
    hidden = [part for part in said if not part.is_visible()]
    assert all(part.locator("xpath=ancestor::details").count() for part in hidden)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_in_print(open_page, page):
    window = open_page(page, width=720, theme="dark")  # 720 is what A4 leaves between its margins
    window.emulate_media(media="print")
    scheme = window.evaluate("getComputedStyle(document.body).colorScheme")
    assert scheme == "light" or page == "404"  # as paper is
    cut = window.evaluate(
        "[...document.querySelectorAll('article pre, article p, article table, article img')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)"
        ".map(e => (e.textContent || e.alt).slice(0, 100))"
    )
    note(page, "cut in print (0)", len(cut))
    assert cut == []
    folded = window.locator("article details").all()
    assert (page in QUESTIONS) <= bool(folded)
    assert all(each.locator("pre, p").first.is_visible() for each in folded)
    assert window.locator(".licences").is_visible() or page == "404"


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


def test_the_buttons_copy(open_page):
    window = open_page(UNSQUEEZE, permissions=["clipboard-read", "clipboard-write"])
    read = "navigator.clipboard.readText()"
    window.locator("article pre").first.hover()
    window.locator("button.copybtn").first.click()
    assert window.evaluate(read).startswith("import itertools")
    window.get_by_role("button", name="Copy all code").click()
    window.get_by_role("button", name="Copied", exact=True).wait_for()
    copied = window.evaluate(read)
    assert copied.startswith("# /// script\n")
    script = (ROOT / "examples/broadcasting/unsqueeze.py").read_text("utf-8")
    code = [line for line in script.splitlines() if line and not line.startswith("#")]
    lines = copied.splitlines()
    assert [line for line in code[code.index("import itertools") :] if line not in lines] == []
    compile(copied, "copied", "exec")


def test_the_page_of_a_folder_works_too(open_page, built_site):
    window = open_page(UNSQUEEZE, base=f"file://{built_site}")
    assert [url for url in window.asked if not url.startswith(("file://", "data:"))] == []
    assert [text for text in window.wrong if "favicon" not in text] == []
    assert window.get_by_role("button", name="Copy all code").is_visible()


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


def test_a_search_finds(open_page):
    window = open_page("search")
    window.locator("input[name=q]").first.fill("keepdim")
    window.keyboard.press("Enter")
    window.locator("#search-results li a").first.wait_for()
    assert any("row" in text for text in window.locator("#search-results li a").all_inner_texts())


def test_the_first_page_shows_what_this_is_within_one_screen(open_page):
    window = open_page("index")
    assert window.get_by_text("RuntimeError: The size of tensor a").bounding_box()["y"] < 900
    links = window.locator(".questions a")
    assert links.count() == 17  # five sections and twelve questions
    lowest = max(links.nth(i).bounding_box()["y"] + links.nth(i).bounding_box()["height"] for i in range(17))
    note("index", "lowest question px (900)", round(lowest))
    assert lowest <= 900
