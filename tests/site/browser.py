"""What the tests of the built site share: a browser, a server under a sub-path, and the table of figures."""

import contextlib
import functools
import gzip
import http.server
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SUB_PATH = "some/sub-path"

# What `nox -s site` prints at its end: page -> quality -> figure. Tests write what they measured.
FIGURES = {}


def note(page, quality, figure):
    """Keep the worst figure that was measured of a page."""
    row = FIGURES.setdefault(page, {})
    row[quality] = max(row.get(quality, 0), figure)


@contextlib.contextmanager
def launched():
    """Start the browser; yields it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield browser
        browser.close()


@contextlib.contextmanager
def open_window(browser, base, page, width=1280, theme="light", **options):
    """Open a page in a window of its own; yields it with what it asked for and what went wrong."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
    window = context.new_page()
    window.asked, window.wrong = [], []
    window.on("console", lambda message: window.wrong.append(_told(message)) if message.type == "error" else None)
    window.on("pageerror", lambda error: window.wrong.append(str(error)))
    window.on("request", lambda request: window.asked.append(request.url))
    window.on("requestfailed", lambda request: window.wrong.append(request.url) if _broke(request) else None)
    window.on("response", lambda answer: window.wrong.append(answer.url) if answer.status >= 400 else None)
    try:
        window.goto(f"{base}/{page}.html")
        yield window
    finally:
        context.close()


def _broke(request):
    """Return whether a request failed for another reason than that the window went to another page."""
    return request.failure != "net::ERR_ABORTED"


def _told(message):
    """Return an error as the console tells it, with where it comes from."""
    return f"{message.text} ({message.location['url']})"


def chromium():
    """Return the path of the browser, or fail with one sentence that says what to install."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "these tests need Chromium; on Debian: apt install chromium"
    return found


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing of each request."""

    def send_error(self, code, *arguments):
        """Answer as hosts of sites do: at an address that leads nowhere, with the page that the site has for that."""
        page = Path(self.directory, SUB_PATH, "404.html")
        if code != http.HTTPStatus.NOT_FOUND or not page.exists():
            super().send_error(code, *arguments)
        else:
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.read_bytes())


@contextlib.contextmanager
def served(site, folder):
    """Serve the site below a sub-path, as project pages of a host are; yields its address."""
    below = Path(folder) / SUB_PATH
    below.parent.mkdir(parents=True, exist_ok=True)
    below.symlink_to(site, target_is_directory=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{SUB_PATH}"
    finally:
        server.shutdown()
        server.server_close()


def sent_size(site, address):
    """Return the bytes of a file as a server sends it: compressed, but for what is compressed already."""
    path = Path(site, unquote(urlsplit(address).path).split(f"{SUB_PATH}/", 1)[1])
    data = path.read_bytes()
    return len(data) if path.suffix in {".png", ".woff2", ".whl", ".zip"} else len(gzip.compress(data, 6, mtime=0))
