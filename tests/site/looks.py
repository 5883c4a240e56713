"""What is seen of a page in a window. Each window is opened once, looked at in a fixed order, and closed.

Tests judge what was seen, so they need no order among themselves. What changes the window, as the keyboard and print
do, is looked at last.
"""

from concurrent.futures import Future

from axe_playwright_python.base import AXE_SCRIPT
from browser import open_window, sent_size

LOAD_IMAGES = """async () => {
    for (const image of document.images) image.loading = 'eager';
    await Promise.allSettled([...document.images].map(image => image.decode()));
}"""

# Accessibility takes most of the time, and reading colours took almost half of that: the same few, again for each piece
# of text. Here a colour that was read is kept.
READ_EACH_COLOUR_ONCE = """
    const read = axe.commons.color.Color.prototype.parseString, known = new Map();
    axe.commons.color.Color.prototype.parseString = function (text) {
        if (!known.has(text)) {
            read.call(this, text);
            known.set(text, {r: this.r, g: this.g, b: this.b, alpha: this.alpha});
        }
        return Object.assign(this, known.get(text));
    };
"""

KEYBOARD_STOPS = """
    [...document.querySelectorAll('a[href], button, summary, input, [tabindex="0"]')].filter(e => {
        const style = getComputedStyle(e), box = e.getBoundingClientRect();
        const inside = e.matches('summary') ? e.parentElement.parentElement : e; // seen though it is closed
        const closed = inside.closest('details:not([open])');
        return style.visibility === 'visible' && box.width > 0 && box.height > 0 && !e.disabled
            && !closed && e.tabIndex >= 0 && e.type !== 'hidden';
    })
"""

# Whether a reader sees the element.
IS_SHOWN = """
    const isShown = e => {
        if (e === null || !e.checkVisibility()) return false;
        const box = e.getBoundingClientRect();
        return getComputedStyle(e).visibility === 'visible' && box.width > 0 && box.height > 0;
    };
"""

PARTS = ("article pre", "article img", "article .figure", "article p", "article table", "article details")


class Look:
    """What each step saw of a page. A step that failed fails those who ask for what it saw, and nobody else."""

    def __init__(self, window, steps):
        self.asked, self.wrong = list(window.asked), list(window.wrong)
        self._seen = {step.__name__: _outcome(step, window) for step in steps}

    def __getattr__(self, step):
        return self._seen[step].result()


def _outcome(step, window):
    outcome = Future()
    try:
        outcome.set_result(step(window))
    except Exception as error:
        outcome.set_exception(error)
    return outcome


def look_at(browser, base, page, theme, width, steps):
    """Open a page with all its images, take the steps one after the other, and close it; returns what was seen."""
    with open_window(browser, base, page, width, theme) as window:
        window.evaluate(LOAD_IMAGES)  # what is further down is loaded when it comes into view, or is asked for here
        return Look(window, steps)


def look_without_scripts(browser, base, page):
    """Return what is seen of a page where no JavaScript runs."""
    with open_window(browser, base, page, java_script_enabled=False) as window:
        return Look(window, [parts, dead_controls, hidden_text])


def unfolded(window):
    """Open all that is folded, so that it is looked at, too."""
    window.evaluate("document.querySelectorAll('article details').forEach(e => { e.open = true })")


def folded(window):
    """Close all again."""
    window.evaluate("document.querySelectorAll('article details').forEach(e => { e.open = false })")


def overflow(window):
    """Return by how many pixels the page is wider than its window."""
    return window.evaluate("document.documentElement.scrollWidth") - window.viewport_size["width"]


def cut_text(window):
    """Return the prose, headings and error messages that would need scrolling sideways."""
    return window.evaluate(
        "[...document.querySelectorAll('article p, article h1, article h2, article h3, .error-output pre')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )


def violations(window):
    """Return the broken rules of accessibility, each with the element that breaks it."""
    window.evaluate(AXE_SCRIPT)
    window.evaluate(f"() => {{ {READ_EACH_COLOUR_ONCE} }}")
    broken = window.evaluate("axe.run(document, {resultTypes: ['violations']}).then(results => results.violations)")
    return [f"{rule['id']}: {node['html'][:150]}" for rule in broken for node in rule["nodes"]]


def parts(window):
    """Return how many of each part the page has."""
    return {part: window.locator(part).count() for part in PARTS}


def images(window):
    """Return the text alternative, width and source of each image and drawing, and whether it is a figure."""
    return window.evaluate(
        """[
            ...[...document.images].filter(i => !i.matches('.sidebar-brand img'))
                .map(i => [i.alt, i.naturalWidth, i.currentSrc, i.classList.contains('figure')]),
            ...[...document.querySelectorAll('[role=img].figure')]
                .map(e => [e.ariaLabel, e.firstElementChild.viewBox.baseVal.width, e.dataset.src, true]),
        ]"""
    )


def reading(window):
    """Return what reading the page takes as it stands unfolded: words, lines of code, pixels; and what begins where."""
    return window.evaluate(
        """() => {
            const all = selector => [...document.querySelectorAll(selector)];
            const open = selector => all(selector).filter(e => !e.closest('article details'));
            const far = selector => Math.round((open(selector)[0]?.getBoundingClientRect().top ?? 0) + scrollY);
            const words = e => e.innerText.split(/\\s+/).filter(word => /[\\p{L}\\p{N}]/u.test(word)).length;
            const lines = e => e.innerText.split('\\n').filter(line => line.trim()).length;
            const output = 'article :is(.sphx-glr-script-out pre, .output_subarea)';
            const firstLine = e => {
                const range = document.createRange();
                range.selectNodeContents(e);
                return range.getClientRects()[0].bottom;
            };
            const total = (found, count) => found.reduce((sum, e) => sum + count(e), 0);
            return {
                words: total(open('article section :is(h1, h2, h3, p, li:not(:has(p)))'), words),
                lines: total(open('article .highlight-Python pre'), lines),
                height: Math.round(document.querySelector('article').getBoundingClientRect().height),
                answer: far('#short-answer pre'),
                output: far(output),
                first_line: Math.round(firstLine(open(output)[0]) + scrollY),
                picture: far('article .figure'),
            };
        }"""
    )


def jumping_images(window):
    """Return the images without a place before they arrive: by their own width and height, or by those of a card."""
    return window.evaluate(
        "[...document.images].filter(i => !i.closest('.sphx-glr-thumbcontainer, .pages-using'))"
        ".filter(i => !(Math.abs(i.getAttribute('width') / i.naturalWidth - 1) < 0.02"
        " && Math.abs(i.getAttribute('height') / i.naturalHeight - 1) < 0.02))"
        ".map(i => i.currentSrc)"
    )


def keyboard(window):
    """Press Tab until all was passed. Returns what was not reached, and what was but cannot be seen."""
    window.emulate_media(reduced_motion="reduce")
    count = window.evaluate(
        "window.reached = new Set(); addEventListener('focusin', event => window.reached.add(event.target));"
        f"window.stops = {KEYBOARD_STOPS}; window.stops.length"
    )
    for _ in range(count + 5):
        window.keyboard.press("Tab")
    missed = window.evaluate("window.stops.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 200))")
    hidden = "[...window.reached].filter(e => getComputedStyle(e).visibility !== 'visible')"
    return missed, window.evaluate(f"{hidden}.map(e => e.outerHTML.slice(0, 200))")


def in_print(window):
    """Return what is seen on paper: its colour scheme, what is cut, on every sheet, folded or left out."""
    window.set_viewport_size({"width": 720, "height": 900})  # 720 is what A4 leaves between its margins
    window.emulate_media(media="print")
    return window.evaluate(
        f"""() => {{
            {IS_SHOWN}
            const all = selector => [...document.querySelectorAll(selector)];
            return {{
                scheme: getComputedStyle(document.body).colorScheme,
                cut: all('article pre, article p, article table, article img, article .figure, article .figure > svg')
                    .filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)
                    .map(e => (e.textContent || e.alt || e.outerHTML).slice(0, 100)),
                on_every_sheet: all('body *')
                    .filter(e => getComputedStyle(e).position === 'fixed' && isShown(e) && e.textContent.trim())
                    .map(e => e.textContent.trim().slice(0, 100)),
                opened: all('article details').map(e => isShown(e.querySelector('pre, p'))),
                licences: all('.licences').map(isShown),
            }};
        }}"""
    )


def dead_controls(window):
    """Return how many controls are shown that need JavaScript."""
    return window.locator(".theme-toggle-container:visible, .sidebar-search:visible, article button:visible").count()


def hidden_text(window):
    """Return the paragraphs that are not shown, though they are not folded."""
    return window.evaluate(
        f"""() => {{
            {IS_SHOWN}
            return [...document.querySelectorAll('article section p')]
                .filter(e => e.innerText.trim() && !isShown(e) && !e.closest('details'))
                .map(e => e.textContent.slice(0, 100));
        }}"""
    )


def sizes(look, site, base):
    """Return the bytes of all that a page asked its own host for, by address."""
    return {url: sent_size(site, url) for url in set(look.asked) if url.startswith(base)}
