"""Whose memory is used up is told where the message says it."""

import pytest

from tensorglass import explain_error


def other_processes(*sizes, own="1.60 GiB"):
    told = " ".join(f"Process {4242 + i} has {size} memory in use." for i, size in enumerate(sizes))
    return explain_error(
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 23.65 "
        f"GiB of which 10.00 MiB is free. {told} Including non-PyTorch memory, this process has {own} memory in use. "
        "Of the allocated memory 1.10 GiB is allocated by PyTorch, and 50.00 MiB is reserved by PyTorch but "
        "unallocated."
    )


def test_another_process_that_holds_most_of_the_gpu_is_told_first():
    explanation = other_processes("900.00 MiB", "21.00 GiB")
    assert "20.00 MiB were asked for, and 10.00 MiB are free" in explanation.cause
    assert "process 4243 holds 21.00 GiB, process 4242 holds 900.00 MiB" in explanation.cause
    assert explanation.fixes[0].code == "nvidia-smi"
    assert "4243" in explanation.fixes[0].result
    assert not any("expandable_segments" in fix.code for fix in explanation.fixes)


@pytest.mark.parametrize(
    ("sizes", "own", "is_told"),
    [
        (("1.61 GiB",), "1.60 GiB", True),
        (("1.00 GiB", "1.00 GiB"), "1.60 GiB", True),
        (("1.60 GiB",), "1.60 GiB", False),
        (("900.00 MiB",), "1.60 GiB", False),
        ((), "1.60 GiB", False),
    ],
)
def test_it_is_told_where_it_holds_more_than_the_program(sizes, own, is_told):
    explanation = other_processes(*sizes, own=own)
    assert (explanation.fixes[0].code == "nvidia-smi") == is_told
    assert ("expandable_segments:True" in explanation.fixes[0].code) != is_told
