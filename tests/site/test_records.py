"""Records of runs on another device: what makes one older, what is compared, and how the site shows it."""

import html
import re
import shutil
from dataclasses import replace

import pytest
from _ext.lists.recorded_runs import KINDS, Row, sentence
from _ext.runs.record import (
    Figure,
    Output,
    Record,
    comparable,
    differing,
    digest_of,
    has_measured,
    kind_of,
    read,
    write,
)
from _ext.sources.blocks import without_words
from _ext.sources.pages import on_devices
from places import ROOT
from throwaway import Throwaway

from tensorglass import explain_broadcast

RECORD = Record(
    digest="0",
    device="GPU 0",
    torch="2.11.0+cu130",
    python="3.12.3",
    date="2026-11-22",
    seconds=14.2,
    tf32={"matrix products": False, "convolutions": True},
    outputs=(Output(1, "so\nand \ue00012 ms\ue001"),),
    figures=(Figure(2, "A figure.", "1", is_timings=False, file="page_001.svg"),),
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
def test_a_digest_is_that_of_the_code_and_of_what_it_uses(sources, file, counts, monkeypatch):
    before = digest_of(sources / "page.py", sources / "tensorglass")
    monkeypatch.setenv("TENSORGLASS_DEVICE", "meta")
    assert digest_of(sources / "page.py", sources / "tensorglass") == before
    with (sources / file).open("a") as changed:
        changed.write("\n\n# A comment, and empty lines.\n\n")
    assert digest_of(sources / "page.py", sources / "tensorglass") == before
    with (sources / file).open("a") as changed:
        changed.write("changed = True\n")
    assert (digest_of(sources / "page.py", sources / "tensorglass") != before) is counts


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('"""Title."""', '"""Another title."""\n# %%\n# And more.\n', False),
        ("print(alpha)", "print(alpha)  # 7", False),
        ("print(alpha)", "\n# %%\n# Text.\n\nprint(alpha)", True),  # now it is shown below the text
        ("print(alpha)", 'print(alpha, "# 7")', True),
        ("print(alpha)", "print(alpha)\nalpha", True),
        ("print(alpha)", 'def f():\n    """Say it."""\n    print(alpha)', True),
    ],
)
def test_words_make_no_record_older(sources, old, new, counts):
    page = sources / "page.py"
    before = digest_of(page, sources / "tensorglass")
    page.write_text(page.read_text().replace(old, new))
    assert (digest_of(page, sources / "tensorglass") != before) is counts


def test_what_is_said_in_a_function_is_no_code():
    code = 'class A:\n    """Says."""\n\n    def f(self):\n        """Says\n        more."""\n        return "# code"\n'
    assert without_words(code) == 'class A:\n    def f(self):\n        return "# code"'
    assert without_words('"shown"\n') == '"shown"'  # the last expression of a block is its output
    assert without_words('def f(): "says"') == 'def f(): "says"'


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


SCRIPT = '''# /// script
# dependencies = ["torch>=2.4", "matplotlib>=3.8"]
# ///
"""
What is alpha?
==============

:Level: beginner

Short answer
------------

It is 7.
"""
import os
from tensorglass import alpha

with open(os.environ["RUN_LOG"], "a") as log:
    print("alpha", file=log)
assert alpha() == 7
print("this page ran on", os.environ["TENSORGLASS_DEVICE"])
print("clock", "\\ue00012 ticks\\ue001", "and on")

# %%
# On a GPU
# --------
#
# It is the same.

import torch

torch.ones(2)

# %%
# References
# ----------
#
# None.
'''
NAME = "examples/broadcasting/uses_alpha.py"


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    made = Throwaway(tmp_path_factory.mktemp("records"))
    made.write(NAME, SCRIPT)
    assert shown(made) is None
    made.keep()
    return made


def shown(project, page="uses_alpha", **variables):
    """Build, and return the folded run that a page shows, as HTML, or None."""
    project.ran(**variables)
    text = (project.site / f"auto_examples/broadcasting/{page}.html").read_text("utf-8")
    found = re.findall(r'<details class="record">.*?</details>', text, re.DOTALL)
    assert len(found) <= 1
    return found[0] if found else None


def record_of(project, name=NAME, **changes):
    """Return a record of a script of the project, by default one that agrees with its page."""
    digest = digest_of(project.root / name, project.root / "src" / "tensorglass")
    outputs = (
        Output(1, "this page ran on cuda\nclock \ue0003 ticks\ue001 and on"),
        Output(2, "tensor([1., 1.],\n device='cuda:0')"),
    )
    return replace(RECORD, digest=digest, outputs=outputs, figures=(), **changes)


def place_of(project, kind, page="uses_alpha"):
    return project.root / "docs" / "recorded" / kind / f"{page}.json"


def text_of(part):
    return " ".join(html.unescape(re.sub("<.*?>", "", part)).split())


@pytest.mark.long
def test_without_a_record_there_is_no_trace_of_one(project):
    assert shown(project) is None
    assert shown(project, "uses_beta") is None
    assert "NVIDIA" not in (project.site / "search_sections.js").read_text("utf-8")


@pytest.mark.long
def test_a_record_that_agrees_shows_what_is_measured(project):
    write(place_of(project, "cuda"), record_of(project))
    found = shown(project)
    assert text_of(found) == (
        "The same page on GPU 0 (torch 2.11.0+cu130, 2026-11-22): 14.2 s "
        "It ran with Python 3.12.3. Rounding to TF32 was allowed for convolutions. "
        "All outputs are the same, but for what is marked as measured: "
        "Short answer, line 15 of the script this page ran on cuda clock 3 ticks and on"
    )
    assert '<span class="measured">3 ticks</span>' in found
    page = (project.site / "auto_examples/broadcasting/uses_alpha.html").read_text("utf-8")
    section = page[page.index('<section id="on-a-gpu">') : page.index('<section id="references">')]
    assert found in section
    assert shown(project, "uses_beta") is None
    assert "2.11.0+cu130" in (project.site / "auto_examples/broadcasting/uses_alpha.md").read_text()


@pytest.mark.long
def test_an_output_that_differs_is_shown_and_the_page_follows_its_record(project):
    record = record_of(project)
    differs = (record.outputs[0], Output(2, "tensor([1., 2.])"))
    write(place_of(project, "cuda"), replace(record, outputs=differs, tf32={"matrix products": False}))
    assert text_of(shown(project)).partition("3.12.3. ")[2] == (
        "Rounding to TF32 was not allowed. Outputs that differ, 1 of 2: "
        "On a GPU, line 29 of the script tensor([1., 2.]) "
        "All other outputs are the same, but for what is marked as measured: "
        "Short answer, line 15 of the script this page ran on cuda clock 3 ticks and on"
    )
    write(place_of(project, "cuda"), replace(record, outputs=(Output(1, "ValueError: <no>"),)))
    found = shown(project)
    assert "Outputs that differ, 2 of 2:" in text_of(found)
    assert text_of(found).endswith("line 29 of the script (no output) All other outputs are the same.")
    assert re.search(
        r'record-output[^"]*error-output[^>]*><div class="highlight"><pre>[^/]*/span>ValueError: &lt;no', found
    )


@pytest.mark.long
def test_figures_that_differ_are_shown_with_their_alternative(project):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9pt"><text>of the GPU</text></svg>'
    project.write("docs/recorded/cuda/uses_alpha_001.svg", svg)
    drawn = (
        Figure(2, "A <drawing>.", "1", is_timings=False, file="uses_alpha_001.svg"),
        Figure(2, "The same.", "2", is_timings=False),
    )
    write(place_of(project, "cuda"), replace(record_of(project), figures=drawn))
    found = shown(project)
    (image,) = re.findall("<img [^>]*>", found)
    assert 'alt="A &lt;drawing&gt;."' in image
    assert 'src="../../_images/uses_alpha_001.svg"' in image
    assert (project.site / "_images/uses_alpha_001.svg").read_text("utf-8").strip() == svg


@pytest.mark.long
def test_a_page_without_the_section_shows_its_record_at_its_end(project):
    path = place_of(project, "cuda", "uses_beta")
    write(path, record_of(project, "examples/broadcasting/uses_beta.py", device="GPU 9"))
    assert "on GPU 9" in text_of(shown(project, "uses_beta"))
    page = (project.site / "auto_examples/broadcasting/uses_beta.html").read_text("utf-8")
    assert page.index("None.</p>") < page.index('<details class="record">') < page.index("This page ran on CPU")
    path.unlink()
    assert shown(project, "uses_beta") is None


@pytest.mark.long
def test_a_notebook_shows_below_each_cell_what_it_printed_there(project):
    notebook = "docs/notebook.md"
    cells = "\n```{code-cell} python\nprint('other')\n```\n\n```{code-cell} python\nprint('same')\n```\n"
    project.write(notebook, (project.root / notebook).read_text("utf-8") + cells)
    outputs = Output(1, "\ue0005 ticks\ue001"), Output(2, "ValueError: other"), Output(3, "same")
    digest = digest_of(project.root / notebook, project.root / "src" / "tensorglass")
    write(place_of(project, "cuda", "notebook"), replace(RECORD, digest=digest, outputs=outputs, figures=()))

    def beside():
        project.ran()
        page = (project.site / "notebook.html").read_text("utf-8")
        return [text_of(each) for each in re.split('<div class="cell ', page)[1:]]

    first, second, third = beside()
    whose = "On GPU 0, with torch 2.11.0+cu130 (2026-11-22):"
    assert f"987654321 ticks {whose} 5 ticks" in first
    assert f"other {whose} ValueError: other" in second
    assert whose not in third
    project.replace(notebook, "print('same')", "print('same again')")
    older = beside()
    assert not any(whose in each for each in older)
    assert "An older version of this page on GPU 0" in older[-1]


@pytest.mark.long
def test_an_idle_build_reads_nothing_again(project):
    shown(project)
    pages, result = project.build()
    assert pages == []
    assert "0 added, 0 changed, 0 removed" in result.stdout


@pytest.mark.long
def test_a_record_is_of_an_older_version_once_a_module_or_the_code_has_changed(project):
    write(place_of(project, "cuda"), record_of(project))
    project.replace("src/tensorglass/common.py", "7", "8 - 1")
    assert text_of(shown(project)) == (
        "An older version of this page on GPU 0 (torch 2.11.0+cu130, 2026-11-22): 14.2 s "
        "It ran with Python 3.12.3. Rounding to TF32 was allowed for convolutions. "
        "Since then the code has changed, or a module of the library that it uses. What that version put out: "
        "Block 1 of the code this page ran on cuda clock 3 ticks and on "
        "Block 2 of the code tensor([1., 1.], device='cuda:0')"
    )
    project.replace("src/tensorglass/common.py", "8 - 1", "7")
    project.replace(NAME, "None.", "None at all.")
    assert text_of(shown(project)).startswith("The same page on GPU 0")
    project.replace(NAME, "torch.ones(2)", "torch.ones(1 + 1)")
    assert text_of(shown(project)).startswith("An older version of this page on GPU 0")


@pytest.mark.long
def test_a_page_that_ran_elsewhere_shows_the_record_of_the_cpu(project):
    write(place_of(project, "cpu"), record_of(project, device="AMD EPYC", torch="2.13.0+cpu"))
    found = shown(project, TENSORGLASS_DEVICE="meta")
    assert text_of(found).startswith(
        "The same page on AMD EPYC (torch 2.13.0+cpu, 2026-11-22): 14.2 s It ran with Python 3.12.3. All outputs are"
    )
    page = (project.site / "auto_examples/broadcasting/uses_alpha.html").read_text("utf-8")
    assert "This page ran on meta with torch" in page
    assert "GPU 0" not in page


def row(cpu=None, gpu=None, digest="0"):
    return Row("auto_examples/x/page", digest, {k: v for k, v in (("cpu", cpu), ("cuda", gpu)) if v})


def test_a_row_of_the_table_says_how_long_and_counts_what_differs():
    both = row(replace(RECORD, outputs=(*RECORD.outputs, Output(9, "only here"))), RECORD)
    assert both.text("cpu") == both.text("cuda") == "14.2 s, 2026-11-22"
    assert both.difference == "1 of 2"
    assert row(RECORD).text("cuda") == "not recorded"
    assert row(RECORD).difference == "not compared"
    older = row(RECORD, replace(RECORD, digest="other"))
    assert older.text("cuda") == "14.2 s, 2026-11-22, an older version"
    assert older.difference == "not compared"


def test_the_devices_of_the_records_are_named():
    rows = [row(RECORD), row(RECORD), row(replace(RECORD, torch="2.13.0"))]
    assert sentence("cpu", rows) == "The CPU is GPU 0 with torch 2.11.0+cu130, or GPU 0 with torch 2.13.0."
    assert sentence("cuda", rows) == "No run on a GPU is recorded yet."


@pytest.mark.long
def test_the_table_of_all_records_follows_them(project):
    contents = "```{toctree}\nnotebook\nauto_examples/index\n```\n"
    project.write("docs/index.md", f"# Start\n\n```{{devices}}\n```\n\n{contents}")

    def table():
        shown(project)
        page = (project.site / "index.html").read_text("utf-8")
        return text_of(page[page.index("Start") : page.index('<div class="toctree-wrapper')].partition("</h1>")[2])

    assert table() == "No run on a CPU is recorded yet. No run on a GPU is recorded yet."
    write(place_of(project, "cpu"), record_of(project, device="AMD EPYC", torch="2.13.0", seconds=3.25))
    only_cpu = table()
    assert only_cpu.startswith("The CPU is AMD EPYC with torch 2.13.0. No run on a GPU is recorded yet. Recorded runs")
    assert only_cpu.endswith("page on the CPU What is alpha? 3.2 s, 2026-11-22 A page about beta not recorded")
    differs = replace(record_of(project), outputs=())
    write(place_of(project, "cuda"), replace(differs, digest="of another version"))
    assert table().endswith(
        "page on the CPU on the GPU outputs that differ "
        "What is alpha? 3.2 s, 2026-11-22 14.2 s, 2026-11-22, an older version not compared "
        "A page about beta not recorded not recorded not compared"
    )
    write(place_of(project, "cuda"), differs)
    assert "What is alpha? 3.2 s, 2026-11-22 14.2 s, 2026-11-22 2 of 2 A page about beta" in table()


def test_the_records_of_this_site_are_whole_and_small():
    recorded = ROOT / "docs" / "recorded"
    known = {path.stem for path in on_devices(ROOT).values()}
    for kind in KINDS:
        for path in (recorded / kind).glob("*.json"):
            assert path.stem in known, path
            kept = {figure.file for figure in read(path).figures} - {""}
            assert {each.name for each in (recorded / kind).glob(f"{path.stem}_*.svg")} == kept, path
    assert sum(path.stat().st_size for path in recorded.rglob("*") if path.is_file()) < 2_000_000
