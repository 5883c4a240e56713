"""Records of runs on another device: what makes one older, what is compared, and how the site shows it."""

import shutil
from pathlib import Path

import pytest
from page_records import Figure, Output, Record, comparable, differing, digest_of, has_measured, kind_of, read, write

from tensorglass import explain_broadcast

ROOT = Path(__file__).parents[2]

RECORD = Record(
    digest="0",
    device="GPU 0",
    torch="2.11.0+cu130",
    python="3.12.3",
    date="2026-11-22",
    seconds=14.2,
    tf32={"matrix products": False, "convolutions": True},
    outputs=(Output(5, "so\nand \ue00012 ms\ue001"),),
    figures=(Figure(7, "A figure.", "1", is_timings=False, file="page_001.svg"),),
)


def test_a_record_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "cuda" / "page.json"
    assert read(path) is None
    write(path, RECORD)
    assert read(path) == RECORD
    before = path.read_bytes()
    write(path, read(path))
    assert path.read_bytes() == before


@pytest.fixture
def sources(tmp_path):
    """A script, and a package of modules, one of which the script uses through another."""
    package = tmp_path / "tensorglass"
    package.mkdir()
    (package / "__init__.py").write_text('PUBLIC_NAMES = {"alpha": "first", "beta": "second"}\nversion = 1\n')
    (package / "first.py").write_text("from .common import seven as alpha\n")
    (package / "second.py").write_text("beta = 8\n")
    (package / "common.py").write_text("seven = 7\n")
    (tmp_path / "page.py").write_text('"""Title."""\nfrom tensorglass import alpha\nprint(alpha)\n')
    return tmp_path


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("page.py", True),
        ("tensorglass/first.py", True),
        ("tensorglass/common.py", True),
        ("tensorglass/second.py", False),
        ("tensorglass/__init__.py", False),  # a release makes no record older
    ],
)
def test_a_digest_is_that_of_the_script_and_of_what_it_uses(sources, file, counts, monkeypatch):
    before = digest_of(sources / "page.py", sources / "tensorglass")
    monkeypatch.setenv("TENSORGLASS_DEVICE", "meta")
    assert digest_of(sources / "page.py", sources / "tensorglass") == before
    with (sources / file).open("a") as changed:
        changed.write("# changed\n")
    assert (digest_of(sources / "page.py", sources / "tensorglass") != before) is counts


def test_a_digest_is_the_same_in_another_folder(sources, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "elsewhere"
    shutil.copytree(sources, copy)
    assert digest_of(copy / "page.py", copy / "tensorglass") == digest_of(sources / "page.py", sources / "tensorglass")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("took \ue00012 ms\ue001 in all", "took \ue0009 ms\ue001 in all", True),
        ("took \ue00012 ms\ue001 in all", "took \ue0009 ms\ue001 in one", False),
        ("\ue00012\ue001 and 3 and \ue0004\ue001", "\ue0001\ue001 and 5 and \ue0001\ue001", False),
        ("this page ran on cpu\n1.5", "this page ran on cuda\n1.5", True),
        ("this page ran on cpu\n1.5", "this page ran on cuda\n1.25", False),
        ("tensor([1., 2.])", "tensor([1., 2.], device='cuda:0')", True),
        ("tensor([1.,\n 2.])", "tensor([1.,\n 2.],\n device='cuda:1')", True),
        ("tensor([1.])", "tensor([1.], device='meta')", False),
        ("a  b", "a\nb", True),
        ("x - 1", "x + 1", False),
        ("-1", "1", False),
        ("", "\n", True),
        ("a &lt; b", "a < b", False),  # plain text has no entities
        ("<p>a &lt; b</p>", "a < b", True),
        ("a < b > c", "a b > c", False),
    ],
)
def test_outputs_are_compared_without_what_is_measured_and_which_device_it_was(one, other, same):
    assert (comparable(one) == comparable(other)) is same


def test_a_table_is_the_same_as_text_and_as_html():
    result = explain_broadcast((3, 4), (3,))
    assert comparable(str(result)) == comparable(result._repr_html_())
    assert comparable(str(result)) != comparable(explain_broadcast((3, 5), (3,))._repr_html_())


def test_blocks_that_only_one_device_has_differ():
    assert differing({1: "a", 4: "b", 9: "c"}, {1: "a", 4: "x"}) == [4, 9]
    assert differing({}, {3: "only on the page"}) == [3]
    assert differing({3: "\ue0001\ue001"}, {}) == []


def test_the_kind_of_a_device_is_its_first_word():
    devices = ("CPU", "cpu", "cuda", "cuda:1 (GPU 1)", "cuda (NVIDIA H100)", "meta")
    assert [kind_of(device) for device in devices] == ["cpu", "cpu", "cuda", "cuda", "cuda", "meta"]


def test_what_is_measured_is_found():
    assert has_measured("a \ue0001\ue001")
    assert not has_measured("a 1")
