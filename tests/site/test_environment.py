"""What the pages run on is known without torch, and is what torch itself would say."""

import ctypes

import torch
from _ext.runs import environment


def test_the_environment_is_the_one_that_runs(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_DEVICE", raising=False)
    described = environment.describe()
    # A wheel may leave out of its metadata for which CUDA it was built, and name it in the module.
    assert described["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
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
