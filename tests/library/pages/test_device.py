"""The device that pages run on."""

import pytest
import torch

from tensorglass import default_device


def test_the_default_device_is_cuda_if_there_is_one(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_DEVICE", raising=False)
    for available, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda available=available: available)
        assert default_device() == torch.device(expected)


def test_the_variable_overrides_the_device(monkeypatch):
    monkeypatch.setenv("TENSORGLASS_DEVICE", "meta")
    assert default_device() == torch.device("meta")
    monkeypatch.setenv("TENSORGLASS_DEVICE", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert default_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["toaster", "cpu:x"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, name):
    monkeypatch.setenv("TENSORGLASS_DEVICE", name)
    with pytest.raises(ValueError, match="which this machine cannot use") as raised:
        default_device()
    expected = "expected a device such as 'cpu' or 'cuda'"
    assert str(raised.value) == f"TENSORGLASS_DEVICE is '{name}', which this machine cannot use; {expected}"


@pytest.mark.parametrize(
    ("version", "count", "said"),
    [
        (
            None,
            0,
            f": torch {torch.__version__} sees no CUDA device here, and is a build for the CPU alone; expected 'cpu'",
        ),
        ("13.0", 0, f": torch {torch.__version__} sees no CUDA device here; expected 'cpu'"),
        ("13.0", 2, "; expected 'cpu', or a CUDA device up to 'cuda:1', the last that torch sees here"),
    ],
)
def test_it_is_told_which_cuda_devices_torch_sees(monkeypatch, version, count, said):
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setenv("TENSORGLASS_DEVICE", "cuda:99")
    with pytest.raises(ValueError, match="which this machine cannot use") as raised:
        default_device()
    assert str(raised.value) == f"TENSORGLASS_DEVICE is 'cuda:99', which this machine cannot use{said}"
