"""The smaller extensions: environment, archives, figures, reading order."""

import ctypes
import io
import re
import zipfile

import matplotlib
import pytest
import torch
from _ext.runs import environment

matplotlib.use("agg")

import matplotlib.pyplot as plt
from _ext.publishing.downloads import archive
from _ext.runs.figures import save_card, save_themed_svg, text_alternative
from _ext.runs.gallery import reset, scrape_figures
from _ext.sources.reading_order import SECTIONS, ReadingOrder, section_order
from _ext.sources.script_metadata import requirements


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_environment_is_the_one_that_runs(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_DEVICE", raising=False)
    described = environment.describe()
    assert described["torch"] == torch.__version__
    assert described["device"].startswith("cuda" if torch.cuda.is_available() else "CPU")
    monkeypatch.setenv("TENSORGLASS_DEVICE", "cpu")
    assert environment.describe()["device"] == "CPU"
    monkeypatch.setenv("TENSORGLASS_DEVICE", "meta")
    assert environment.describe()["device"] == "meta"


class Driver:
    """Stands in for the CUDA driver of a machine with two GPUs."""

    def cuInit(self, flags):  # noqa: N802 - the driver's name
        return 0

    def cuDeviceGetCount(self, count):  # noqa: N802
        count._obj.value = 2
        return 0

    def cuDeviceGetName(self, buffer, length, index):  # noqa: N802
        buffer.value = f"GPU {index}".encode()
        return 0


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    monkeypatch.setattr(environment, "_torch_has_cuda", lambda: True)
    monkeypatch.delenv("TENSORGLASS_DEVICE", raising=False)
    assert environment.device() == "cuda (GPU 0)"
    monkeypatch.setenv("TENSORGLASS_DEVICE", "cuda:1")
    assert environment.device() == "cuda:1 (GPU 1)"
    monkeypatch.delenv("TENSORGLASS_DEVICE")
    monkeypatch.setattr(environment, "_torch_has_cuda", lambda: False)
    assert environment.device() == "CPU"


def test_torch_with_cuda_is_told_from_torch_without(monkeypatch):
    assert environment._torch_has_cuda() is (torch.version.cuda is not None)


def test_an_archive_does_not_tell_when_and_in_which_order_it_was_made():
    contents = {"b.py": b"# b", "a.py": b"# a"}
    made = archive(contents)
    assert made == archive(dict(reversed(contents.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert {name: read.read(name) for name in read.namelist()} == contents
        assert {info.date_time for info in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_figures_follow_the_theme_and_are_reproducible(tmp_path):
    texts = []
    for name in ("one.svg", "two.svg"):
        figure, ax = plt.subplots()
        ax.plot([1, 2], color="black")
        ax.set_title("Sizes")
        save_themed_svg(figure, tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert "#000000" not in texts[0]
    assert "stroke: currentColor" in texts[0]
    assert texts[0].count("prefers-color-scheme: dark") == 1
    assert "<dc:date>" not in texts[0]


def test_a_card_shows_the_first_drawing_alone_and_says_what_it_shows(tmp_path):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for ax, name in zip(axes, ("first & left", "second"), strict=True):
        ax.plot([1, 2])
        ax.set_title(name)
    figure.suptitle("both")
    save_themed_svg(figure, tmp_path / "before.svg")
    save_card(figure, tmp_path / "card.svg")
    save_themed_svg(figure, tmp_path / "after.svg")
    card = (tmp_path / "card.svg").read_text("utf-8")
    assert "<title>first &amp; left.</title>" in card
    widths = [
        float(re.search(r'viewBox="0 0 (\S+) ', text)[1])
        for text in (card, (tmp_path / "before.svg").read_text("utf-8"))
    ]
    assert widths[0] < 0.6 * widths[1]
    assert card.count('id="axes_') == 1
    # The figure is as it was.
    assert (tmp_path / "after.svg").read_text("utf-8") == (tmp_path / "before.svg").read_text("utf-8")


def test_a_figure_is_described_by_its_titles_and_drawings():
    figure, axes = plt.subplots(1, 2)
    assert text_alternative(figure) == ""
    figure.suptitle("Two sizes")
    axes[0].set_title("Left: is it?")
    axes[1].set_label("A box,\nthen another.")
    assert text_alternative(figure) == "Two sizes. Left: is it? A box, then another."


def test_figures_without_description_fail_the_build(tmp_path):
    variables = {"image_path_iterator": iter([str(tmp_path / "x_001.png")]), "src_file": "page.py"}
    plt.figure()
    with pytest.raises(ValueError, match=r"page.py: figure x_001.svg has neither a title nor a described drawing"):
        scrape_figures((), variables, {"src_dir": str(tmp_path)})


def test_figures_are_shown_once_with_their_description(tmp_path):
    variables = {"image_path_iterator": iter([str(tmp_path / "x_001.png")]), "src_file": "page.py"}
    plt.figure().suptitle("A title")
    shown = scrape_figures((), variables, {"src_dir": str(tmp_path)})
    image = "   .. image:: /x_001.svg\n      :alt: A title.\n      :class: figure\n"
    assert shown == f"\n.. container:: figure-frame\n\n{image}"
    assert scrape_figures((), variables, {"src_dir": str(tmp_path)}) == ""


def test_each_script_starts_clean():
    reset({}, "page.py")
    threads = torch.get_num_threads()
    first = torch.rand(3)
    torch.rand(5)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(threads + 1)
    plt.rcParams["lines.linewidth"] = 99
    plt.figure()
    reset({}, "page.py")
    assert torch.equal(first, torch.rand(3))
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads
    assert plt.rcParams["lines.linewidth"] != 99
    assert plt.get_fignums() == []


def test_the_reading_order_is_the_one_in_the_header(tmp_path):
    (tmp_path / "GALLERY_HEADER.rst").write_text("Title\n=====\n\n.. reading order: second first\n")
    order = ReadingOrder(str(tmp_path))
    assert sorted(["first.py", "second.py"], key=order) == ["second.py", "first.py"]
    with pytest.raises(ValueError, match="does not name third"):
        order("third.py")
    assert sorted(["x/papers", "x/broadcasting"], key=section_order) == ["x/broadcasting", "x/papers"]
    assert len(SECTIONS) == 6


@pytest.mark.parametrize(
    ("script", "needed"),
    [
        ("x = 1\n", []),
        ('# /// script\n# dependencies = ["torch>=2.11", "numpy>=2", "opt_einsum>=3.4"]\n# ///\n', []),
        (
            '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["scikit-learn>=1.7", "matplotlib"]\n'
            "# ///\nimport torch\n",
            ["scikit-learn", "matplotlib"],
        ),
    ],
)
def test_a_page_says_what_its_script_needs_beside_the_wheel(script, needed):
    assert requirements(script) == needed
