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
    text, place = files[name], 0
    for marked in MEASURED.finditer(page):
        measured = html.unescape(re.sub("<.*?>", "", marked[0].decode())).encode()
        place = text.index(measured, place)
        text = text[:place] + text[place + len(measured) :]
    return text


def has_measured(path):
    return path.is_file() and MEASURED.search(path.read_bytes()) is not None


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
