"""Two cold builds, in two folders, give the same files, but for what is marked as measured."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from built_files import MEASURED, contents, unmeasured
from conftest import build_copy


def has_measured(path):
    return path.is_file() and MEASURED.search(path.read_bytes()) is not None


def test_what_is_measured_is_told_from_the_same_digits_elsewhere():
    page = b'<pre>products +29%, time <span class="measured">+29%</span>\nlast &lt; <span class="measured">1 s</span>'
    files = {"a.html": page, "a.md": b"products +29%, time +29%\nlast < 1 s"}
    assert unmeasured("a.md", files) == b"products +29%, time \nlast < "
    assert unmeasured("a.html", files) == b"<pre>products +29%, time \nlast &lt; "


@pytest.mark.long
@pytest.mark.unit("two cold builds")
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
