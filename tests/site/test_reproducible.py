"""Two cold builds, in two folders, give the same files, but for what is marked as measured."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import build_copy

MEASURED = re.compile(rb'<(span|svg) class="measured".*?</\1>', re.DOTALL)


def contents(site):
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.long
def test_two_cold_builds_are_the_same(built_site, tmp_path):
    first, second = contents(built_site), contents(build_copy(tmp_path / "a-second-folder"))
    assert first.keys() == second.keys()
    different = [name for name in first if MEASURED.sub(b"", first[name]) != MEASURED.sub(b"", second[name])]
    assert different == []
    assert sum(name.endswith(".zip") for name in first) >= 5
    measured = {name for name, data in first.items() if MEASURED.search(data)}
    assert {"questions.html", "auto_examples/broadcasting/unsqueeze.html"} <= measured
    assert "_images/sphx_glr_matmul_einsum_002.svg" in measured
    # Nothing gives away where the site was built.
    assert [name for name, data in first.items() if str(built_site.parents[2]).encode() in data] == []
