"""What the names in a notebook's cells stand for."""

from _ext.page.notebook_links import meanings


def full_names(code):
    return {written: f"{each['module']}.{each['name']}" for written, (each,) in meanings(code).items()}


def test_names_are_followed_through_each_kind_of_import():
    assert full_names("import torch\ntorch.zeros(3).sum()\ntorch.nn.Linear") == {
        "torch.zeros": "torch.zeros",
        "torch.nn": "torch.nn",
        "torch.nn.Linear": "torch.nn.Linear",
    }
    assert full_names("import torch.nn.functional as F\nF.relu")["F.relu"] == "torch.nn.functional.relu"
    assert full_names("import torch.nn\ntorch.nn.Linear")["torch.nn.Linear"] == "torch.nn.Linear"
    assert full_names("from tensorglass import gain as g\ng(abs)") == {"g": "tensorglass.gain"}


def test_what_is_not_imported_means_nothing():
    assert full_names("x = 1\nx.shape\nprint(x)\n(x + 1).real\nfrom . import y\ny.z") == {}
    assert full_names("import math") == {}


def test_what_a_call_returns_is_not_followed():
    assert "torch.zeros(3).sum" not in full_names("import torch\ntorch.zeros(3).sum()")
