"""What all pictures share: the colour of an axis, the axes to draw on, the style, and where there is no matplotlib."""

import inspect
import subprocess
import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_rgb, to_rgba
from torch_versions import needs_saved_tensors

import tensorglass
from tensorglass import drawing
from tensorglass.drawing import AXIS_COLORS, axis_color, blank

# How each public picture is drawn. The text is a program too, which is run where there is no matplotlib.
MODEL = "torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())"
PICTURES = {
    "ActivationStats.plot": f"tensorglass.activation_stats({MODEL}, torch.ones(2, 3)).plot()",
    "BroadcastExplanation.plot": "tensorglass.explain_broadcast((3, 1), (3,), (2,)).plot()",
    "BroadcastExplanation.plot_cells": (
        "tensorglass.explain_broadcast((3, 1), (2,)).plot_cells(torch.ones(3, 1), torch.ones(2))"
    ),
    "EinsumPlan.plot": "tensorglass.plan_einsum('ij,jk->ik', (2, 3), (3, 4)).plot()",
    "MemoryTrace.plot": "memory = recorded(); memory.plot()",
    "SavedTensors.plot": f"tensorglass.saved_for_backward({MODEL}, torch.ones(2, 3)).plot()",
    "SignalPath.plot": "tensorglass.signal_propagation(torch.tanh, 1.5).through(20, width=50).plot()",
    "StorageInfo.plot": "tensorglass.storage_info(torch.arange(6).reshape(2, 3).T, torch.zeros(3).expand(2, 3)).plot()",
}
BEFORE = """
import torch
import tensorglass

def recorded():
    with tensorglass.track_memory() as memory:
        torch.ones(100, 100, requires_grad=True).exp().sum().backward()
        torch.ones(1000).unique()
    return memory
"""


def picture(name):
    """Draw a picture, and return its axes."""
    known = {}
    exec(BEFORE, known)
    *first, last = PICTURES[name].split("; ")
    exec("\n".join(first), known)
    return eval(last, known)


def test_an_axis_has_its_colour_from_the_last_one_backwards():
    assert [axis_color(axis) for axis in (-1, -2, -6)] == [AXIS_COLORS[0], AXIS_COLORS[1], AXIS_COLORS[5]]
    assert [axis_color(axis) for axis in (-7, -13)] == [AXIS_COLORS[0]] * 2
    assert len(set(AXIS_COLORS)) == len(AXIS_COLORS) == 6


def test_new_axes_are_as_large_as_it_is_told():
    ax = blank(None, 3, 2)
    assert ax.figure.get_size_inches().tolist() == [3, 2]
    assert (ax.get_aspect(), ax.axison) == (1, False)


def test_given_axes_are_drawn_on():
    figure, ax = plt.subplots(figsize=(5, 4))
    assert blank(ax, 3, 2) is ax
    assert figure.get_size_inches().tolist() == [5, 4]
    assert (ax.get_aspect(), ax.axison) == (1, False)


def test_every_public_picture_is_listed_here():
    results = [value for name in tensorglass.PUBLIC_NAMES if inspect.isclass(value := getattr(tensorglass, name))]
    drawn = {f"{cls.__name__}.{name}" for cls in results for name in vars(cls) if name.startswith("plot")}
    assert drawn == set(PICTURES)


def lines_and_texts(ax):
    """Yield what must be told from the ground, with its colour as it comes to lie on that ground."""
    inside = [*ax.texts, *ax.lines, *ax.patches, *ax.collections, *(ax.spines.values() if ax.axison else ())]
    around = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label] if ax.axison else []
    for artist in (*inside, *around, *(ax.get_legend().get_texts() if ax.get_legend() else ())):
        for read in ("get_color", "get_edgecolor", "get_facecolor"):
            color = getattr(artist, read, lambda: "none")()
            for each in color if getattr(color, "ndim", 1) == 2 else [color]:
                if to_rgba(each)[3] > 0.5:  # fills are translucent, and some edges are not drawn
                    yield artist, read, each


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(("style", "ground"), [("default", "white"), ("dark_background", "black")])
def test_a_picture_is_legible_in_the_style_that_is_set(name, style, ground):
    with plt.style.context(style):
        ax = picture(name)
    assert to_rgb(ax.figure.get_facecolor()) == to_rgb(ground)
    found = list(lines_and_texts(ax))
    assert any(read == "get_color" for _, read, _ in found)
    for artist, read, color in found:
        assert max(abs(a - b) for a, b in zip(to_rgb(color), to_rgb(ground), strict=True)) > 0.4, (artist, read, color)


@needs_saved_tensors
def test_without_matplotlib_one_sentence_says_what_to_install():
    """Ask for each picture in a process where there is no matplotlib, and print the errors."""
    tries = "".join(
        f"\ntry:\n    {code}\nexcept ModuleNotFoundError as error:\n    print({name!r}, error.name, error, sep='|')\n"
        for name, code in PICTURES.items()
    )
    program = f"import sys\nsys.modules['matplotlib'] = None\n{BEFORE}{tries}"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    sentence = 'plot() needs matplotlib, which is not installed; pip install "tensorglass[plot]" brings it'
    assert told.stdout.splitlines() == [f"{name}|matplotlib|{sentence}" for name in PICTURES]
    assert told.stderr == ""


def test_hatching_is_thin_where_matplotlib_can_draw_it_so():
    patch = drawing.Rectangle((0, 0), 1, 1)
    drawing.hatch(patch)
    assert patch.get_hatch() == drawing.HATCH
    if hasattr(patch, "get_hatch_linewidth"):
        assert patch.get_hatch_linewidth() == 0.6
    hatched = []
    drawing.hatch(SimpleNamespace(set_hatch=hatched.append))  # as before matplotlib 3.10
    assert hatched == [drawing.HATCH]
