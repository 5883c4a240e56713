"""The built site in a real browser: nothing cut, nothing from elsewhere, nothing broken, every figure described."""

import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
QUESTIONS = [f"auto_examples/{path.parent.name}/{path.stem}" for path in sorted(ROOT.glob("examples/*/*.py"))]
REFERENCE = [f"reference/{path.stem}" for path in sorted(ROOT.glob("docs/reference/*.md"))]
PAGES = ["index", "questions", "auto_examples/index", *REFERENCE, *QUESTIONS]
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "these tests need Chromium; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser, built_site):
    """Open a page of the site in a window; returns it with the list of what went wrong while it loaded."""
    contexts = []

    def open_it(page, width=1280, theme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        contexts.append(context)
        window = context.new_page()
        wrong = []
        window.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        window.on("pageerror", lambda error: wrong.append(str(error)))
        window.on("request", lambda request: wrong.append(request.url) if "file://" not in request.url else None)
        window.on("requestfailed", lambda request: wrong.append(request.url))
        window.goto(f"file://{built_site}/{page}.html")
        window.wait_for_load_state("networkidle")
        return window, [text for text in wrong if not text.startswith("data:")]

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_and_nothing_comes_from_elsewhere(open_page, page, theme, width):
    window, wrong = open_page(page, width, theme)
    assert wrong == []
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    # Prose, headings and error messages never need scrolling sideways.
    cut = window.evaluate(
        "[...document.querySelectorAll('article p, article h1, article h2, article h3, .error-output pre')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert cut == []


@pytest.mark.parametrize("page", PAGES)
def test_figures_are_shown_and_described(open_page, page):
    window, _ = open_page(page)
    figures = window.evaluate(
        "[...document.querySelectorAll('article img.figure')].map(i => [i.alt, i.naturalWidth, i.currentSrc])"
    )
    assert bool(figures) == (page in QUESTIONS)
    for alternative, width, source in figures:
        assert width > 100, source
        assert len(alternative) > 60
        assert "sphx" not in alternative


@pytest.mark.parametrize("chosen", ["light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_figures_follow_the_theme_that_the_reader_chose(open_page, system, chosen):
    window, _ = open_page("auto_examples/broadcasting/unsqueeze", theme=system)
    window.evaluate(f"document.body.dataset.theme = '{chosen}'")
    assert window.evaluate("getComputedStyle(document.body).colorScheme") == chosen
    figure = window.locator("article img.figure").first
    figure.scroll_into_view_if_needed()
    window.wait_for_timeout(200)
    # The darkest and the lightest pixel of the picture: text on background.
    pixels = window.evaluate(
        """async bytes => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const data = context.getImageData(0, 0, image.width, image.height).data;
            const background = data[0];
            let furthest = 0;
            for (let i = 0; i < data.length; i += 4)
                furthest = Math.max(furthest, Math.abs(data[i] - background));
            return [background, furthest];
        }""",
        list(figure.screenshot()),
    )
    assert (pixels[0] > 200) == (chosen == "light")
    assert pixels[1] > 180  # the text stands out


def test_solutions_open_by_keyboard(open_page):
    window, _ = open_page("auto_examples/broadcasting/unsqueeze")
    solution = window.locator("details.solution").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").focus()
    window.keyboard.press("Enter")
    assert solution.locator("pre").first.is_visible()


def test_answers_are_there_without_javascript(open_page):
    window, _ = open_page("auto_examples/broadcasting/unsqueeze", java_script_enabled=False)
    assert window.get_by_text("inserts an axis of size 1").first.is_visible()
    assert window.get_by_text("RuntimeError: The size of tensor a (3)").first.is_visible()


def test_printing_opens_the_solutions(open_page):
    window, _ = open_page("auto_examples/broadcasting/unsqueeze")
    window.emulate_media(media="print")
    assert window.locator("details.solution pre").first.is_visible()


def test_local_links_resolve(open_page, built_site):
    for page in PAGES:
        window, _ = open_page(page)
        links = window.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        for link in links:
            if link.startswith("file://"):
                path, _, anchor = link.removeprefix("file://").partition("#")
                assert Path(path).exists(), f"{page}: {link}"
                if anchor and path.endswith(".html"):
                    assert f'id="{anchor}"' in Path(path).read_text("utf-8"), f"{page}: {link}"
