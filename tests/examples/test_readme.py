"""The README's code runs, and does what its comments say; the commands and files that guides name exist."""

import re

import pytest
from places import ROOT


def test_the_library_in_twenty_lines(capsys, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len([line for line in "".join(blocks).splitlines() if line.strip()]) <= 22
    for block in blocks:
        exec(block, {})
    printed = capsys.readouterr().out
    assert "\na + b[:, None, None]\n" in printed
    assert "(8, 1) and (8,)  (8, 8)  both stretched" in printed
    assert "b       (2, 4)  (4, 1)       4  same storage  64 bytes" in printed
    assert "permutation, copies  bh q d                 (8, 9, 5)" in printed
    assert "tensor([[3., 3., 3., 3.],\n        [3., 3., 3., 3.]])\n" in printed
    assert "\nFalse\n" in printed
    assert "memory breaks between axes 0 and 1" in printed
    assert "2 tensors in 2 storages: 896 bytes\n" in printed
    assert "\nconv2d " in printed
    assert "\nSequential.1  relu       output  activation  (1, 8, 62, 62)  float32  123,008 " in printed
    assert "\n0.weight   (8, 3, 3, 3)  output (registered last)  kaiming, fan_in 27, last layer  0.1925 " in printed


GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_the_commands_and_files_that_a_guide_names_exist(path):
    text = path.read_text("utf-8")
    sessions = re.findall(r"^@nox.session\ndef (\w+)", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"nox -s (\w+)", text)) <= set(sessions)
    for name in re.findall(r"`((?:docs|examples)/[\w/.]+)`", text):
        assert name == "docs/_build/html" or (ROOT / name).exists(), name


def test_the_picture_that_it_shows_exists():
    shown = re.findall(r"^!\[[^\]]{40,}\]\((.+)\)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(shown) == 1
    assert (ROOT / shown[0]).exists()


def test_no_module_is_longer_than_the_guide_says():
    (most,) = re.findall(r"One concept a module, at most (\d+) lines", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    modules = [*ROOT.glob("src/tensorglass/**/*.py"), *ROOT.glob("docs/_ext/**/*.py")]
    assert len(modules) > 80
    assert [path.name for path in modules if len(path.read_text("utf-8").splitlines()) > int(most)] == []
