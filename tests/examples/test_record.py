"""The command that records what pages print: it needs no Sphinx, goes on after a failure, and keeps what was there."""

import json
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
import torch
from _ext.runs.record import digest_of, digest_of_svg, read
from _ext.sources.blocks import code_blocks, read_page
from places import ROOT
from programs import run

PAGES = [*sorted(ROOT.glob("examples/*/*.py")), ROOT / "docs" / "template.py", *sorted(ROOT.glob("docs/*.md"))]

GOOD = '''"""
A title
=======
"""

import matplotlib.pyplot as plt
from tensorglass import default_device, explain_broadcast, measured

device = default_device()
print("this page ran on", device.type)
print("took", measured("12 ms"))

# %%
# Text, and then a result.

result = explain_broadcast((3, 4), (3, 1))
result

# %%

plt.figure().suptitle("The same")
plt.figure().suptitle(f"Drawn on {device.type}")
plt.figure(num="timings").suptitle("Times")

# %%

1, "é"
'''
NOTEBOOK = """# A notebook

```{code-cell} python
:tags: [some]
from tensorglass import default_device, measured
device = default_device()
```

Text.

```{code-cell} python
print("this page ran on", device.type, "in", measured("3 s"))
```
"""
BAD = '"""\nTitle\n=====\n"""\nprint(1)\n\n# %%\n\nraise RuntimeError("on purpose")\n'


def record(root, *arguments):
    """Run the command where Sphinx and nox cannot be imported."""
    command = [sys.executable, str(root / "docs" / "record.py"), *arguments]
    return run(command, root, PYTHONPATH=str(root / "absent"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with two scripts, of which one fails, and two notebooks, after the command was run on the CPU."""
    root = tmp_path_factory.mktemp("recorded")
    for name in ("src/tensorglass", "docs/_ext"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "docs" / "record.py", root / "docs")
    for name in ("sphinx", "sphinx_gallery", "docutils", "nox", "myst_nb"):
        (root / "absent").mkdir(exist_ok=True)
        (root / "absent" / f"{name}.py").write_text("raise ImportError('it is not here')", "utf-8")
    section = root / "examples" / "section"
    section.mkdir(parents=True)
    (section / "bad.py").write_text(BAD, "utf-8")
    (section / "good.py").write_text(GOOD, "utf-8")
    (root / "docs" / "asks.md").write_text(NOTEBOOK, "utf-8")
    (root / "docs" / "asks_nothing.md").write_text("# Title\n\n```{code-cell} python\nprint(1)\n```\n", "utf-8")
    return SimpleNamespace(root=root, records=root / "docs" / "recorded", on_cpu=record(root))


@pytest.mark.long
def test_a_script_that_fails_is_named_and_the_others_go_on(project):
    told = project.on_cpu.stderr
    assert project.on_cpu.returncode == 1
    assert 'bad.py", line 9, in <module>\n    raise RuntimeError("on purpose")' in told
    assert "\nbad failed after " in told
    assert told.endswith("1 failed, and were not recorded: bad\n")
    assert re.search(r"^good: \d+\.\d s$", told, re.MULTILINE)
    assert sorted(path.name for path in (project.records / "cpu").iterdir()) == ["asks.json", "good.json"]
    assert {path.name for path in (project.root / "examples" / "section").iterdir()} == {"bad.py", "good.py"}


@pytest.mark.long
def test_a_record_says_what_ran_and_what_each_block_showed(project):
    record = read(project.records / "cpu" / "good.json")
    first, table, last = record.outputs
    assert (first.block, first.text) == (1, "this page ran on cpu\ntook \ue00012 ms\ue001")
    assert table.block == 2
    assert table.text.startswith("(3, 4) and (3, 1): broadcast to (3, 4) (12 elements of torch.float32, 48 bytes)\n\n")
    assert (last.block, last.text) == (4, "(1, 'é')")
    assert record.digest == digest_of(project.root / "examples/section/good.py", project.root / "src/tensorglass")
    assert record.torch == torch.__version__
    assert record.python == ".".join(map(str, sys.version_info[:3]))
    assert record.tf32 == {"matrix products": False, "convolutions": True}  # as torch is shipped
    assert record.device
    assert 0 <= record.seconds < 60


@pytest.mark.long
def test_a_notebook_that_asks_for_the_device_is_recorded_cell_by_cell(project):
    record = read(project.records / "cpu" / "asks.json")
    assert [(each.block, each.text) for each in record.outputs] == [(2, "this page ran on cpu in \ue0003 s\ue001")]


@pytest.mark.long
def test_a_record_of_the_cpu_has_digests_of_figures_but_no_files(project):
    figures = read(project.records / "cpu" / "good.json").figures
    assert [(figure.block, figure.alternative, figure.is_timings) for figure in figures] == [
        (3, "The same.", False),
        (3, "Drawn on cpu.", False),
        (3, "Times.", True),
    ]
    assert {figure.file for figure in figures} == {""}


@pytest.mark.long
def test_another_device_keeps_the_figures_that_differ_and_those_of_timings(project):
    done = record(project.root, "--device", "meta", "good")  # stands in for a GPU: its kind is not cpu
    assert done.returncode == 0, done.stderr
    folder = project.records / "meta"
    figures = read(folder / "good.json").figures
    assert [figure.file for figure in figures] == ["", "good_002.svg", "good_003.svg"]
    assert sorted(path.name for path in folder.iterdir()) == ["good.json", "good_002.svg", "good_003.svg"]
    assert "this page ran on meta" in read(folder / "good.json").outputs[0].text
    assert "prefers-color-scheme" in (folder / "good_002.svg").read_text("utf-8")


@pytest.mark.long
def test_the_same_run_gives_the_same_file(project):
    path = project.records / "cpu" / "good.json"
    before = path.read_text("utf-8")
    keys = list(json.loads(before))
    assert keys == sorted(keys)
    assert record(project.root, "good").returncode == 0
    lines = zip(before.splitlines(), path.read_text("utf-8").splitlines(), strict=True)
    assert {one.split(":")[0].strip() for one, other in lines if one != other} <= {'"seconds"', '"date"'}


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--device", "toaster"],
            "--device is 'toaster', which this machine cannot use; expected a device such as 'cpu' or 'cuda'; "
            "nothing was recorded\n",
        ),
        (["other"], "there is no page 'other'; expected one of asks, bad, good\n"),
        (["examples/goood.py"], "there is no page 'examples/goood.py'; did you mean good\n"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence_and_leaves_the_records_alone(project, arguments, sentence):
    before = files(project.records)
    done = record(project.root, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
    assert files(project.records) == before


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_code_is_split_as_the_site_splits_it(page):
    by_site = [(block.line, block.text.rstrip("\n")) for block in read_page(page) if block.is_code]
    assert [(block.line, block.text.rstrip("\n")) for block in code_blocks(page)] == by_site


def test_drawings_are_the_same_if_what_they_show_is():
    svg = '<svg><path id="p0123456789" d="M 1.23456 -0.00001"/><use href="#p0123456789"/></svg>'
    assert digest_of_svg(svg) == digest_of_svg(svg.replace("p0123456789", "pabcdef0123"))
    assert digest_of_svg(svg) == digest_of_svg(svg.replace("1.23456", "1.23457").replace("-0.00001", "0.00001"))
    assert digest_of_svg(svg) != digest_of_svg(svg.replace("1.23456", "1.33456"))
    assert digest_of_svg(svg) != digest_of_svg(svg.replace("<use", "<rect"))
