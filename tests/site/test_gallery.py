"""What the gallery calls while it runs scripts: figures are shown with what they say, and each script starts clean."""

import matplotlib
import pytest
import torch

matplotlib.use("agg")

import matplotlib.pyplot as plt
from _ext.runs.gallery import reset, scrape_figures


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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
