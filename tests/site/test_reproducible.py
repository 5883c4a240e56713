"""Two cold builds, in two folders, give the same files, but for what is marked as measured."""

import html
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import build_copy

MEASURED = re.compile(rb'<(span|svg) class="measured".*?</\1>', re.DOTALL)


def contents(site):
    """Return all files of the site without what is measured; a page's twin has the same measured texts unmarked."""
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    return {name: unmeasured(name, files) for name in files}


def unmeasured(name, files):
    page = files.get(name.removesuffix(".md") + ".html", b"")
    if not name.endswith(".md"):
        return MEASURED.sub(b"", files[name])
    text, place, kept = files[name], 0, []
    for marked in MEASURED.finditer(page):
        # With what stands before it on its line: the same digits may stand elsewhere, and be no measurement.
        before = html.unescape(re.split("[>\n]", page[: marked.start()].decode())[-1][-20:]).encode()
        measured = html.unescape(re.sub("<.*?>", "", marked[0].decode())).encode()
        start = text.index(before + measured, place) + len(before)
        kept.append(text[place:start])
        place = start + len(measured)
    return b"".join([*kept, text[place:]])


def has_measured(path):
    return path.is_file() and MEASURED.search(path.read_bytes()) is not None


def test_what_is_measured_is_told_from_the_same_digits_elsewhere():
    page = b'<pre>products +29%, time <span class="measured">+29%</span>\nlast &lt; <span class="measured">1 s</span>'
    files = {"a.html": page, "a.md": b"products +29%, time +29%\nlast < 1 s"}
    assert unmeasured("a.md", files) == b"products +29%, time \nlast < "
    assert unmeasured("a.html", files) == b"<pre>products +29%, time \nlast &lt; "


@pytest.mark.long
def test_two_cold_builds_are_the_same(built_site, tmp_path):
    first, second = contents(built_site), contents(build_copy(tmp_path / "a-second-folder"))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    kinds = {Path(name).suffix for name in first}
    assert kinds >= {".html", ".md", ".py", ".ipynb", ".zip", ".whl", ".svg", ".txt"}
    measured = {path.relative_to(built_site).as_posix() for path in built_site.rglob("*") if has_measured(path)}
    assert {"questions.html", "auto_examples/broadcasting/unsqueeze.html"} <= measured
    assert "_images/sphx_glr_matmul_einsum_002.svg" in measured
    # Nothing gives away where the site was built.
    assert [name for name, data in first.items() if str(built_site.parents[2]).encode() in data] == []
