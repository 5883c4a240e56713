"""The note on an exception."""

import subprocess
import sys
import textwrap
import timeit
import traceback

import pytest
import torch

from tensorglass import explained_errors
from tensorglass.errors import explain, notes


def failing():
    a, b = torch.ones(2, 3), torch.ones(4, 3)
    return a @ b


def test_the_exception_is_otherwise_untouched():
    with pytest.raises(RuntimeError) as caught, explained_errors():
        failing()
    error = caught.value
    assert type(error) is RuntimeError
    assert str(error).removeprefix("mm: ") == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)"
    assert (error.__cause__, error.__context__) == (None, None)
    assert traceback.extract_tb(error.__traceback__)[-1].name == "failing"
    (note,) = error.__notes__
    assert note.startswith("tensorglass explains:")
    assert "a @ b.T" in note
    assert str(error) not in note
    assert note in "".join(traceback.format_exception(error))


def test_blocks_in_blocks_add_one_note():
    with pytest.raises(RuntimeError) as caught, explained_errors(), explained_errors():
        failing()
    assert len(caught.value.__notes__) == 1


def test_notes_of_others_stay():
    with pytest.raises(RuntimeError) as caught, explained_errors():
        try:
            failing()
        except RuntimeError as error:
            error.add_note("in epoch 3")
            raise
    assert caught.value.__notes__[0] == "in epoch 3"
    assert len(caught.value.__notes__) == 2


@pytest.mark.parametrize("error", [ValueError("mine"), KeyError("a"), SystemExit(3), KeyboardInterrupt()])
def test_what_is_unknown_gets_no_note(error):
    with pytest.raises(type(error)) as caught, explained_errors():
        raise error
    assert caught.value is error
    assert not hasattr(error, "__notes__")


def test_a_block_that_ends_well():
    with explained_errors() as nothing:
        result = torch.ones(2) + 1
    assert nothing is None
    assert result.tolist() == [2, 2]


@pytest.mark.parametrize("missing", [["torch"], ["numpy"], ["torch", "numpy"]])
def test_a_program_that_imported_neither_torch_nor_numpy_is_left_alone(missing, monkeypatch):
    for name in missing:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(IndexError) as caught, explained_errors():
        raise IndexError("Target 7 is out of bounds.")
    assert hasattr(caught.value, "__notes__") == (len(missing) == 1)


def test_no_second_error(monkeypatch):
    def broken(error):
        raise RecursionError("second")

    monkeypatch.setattr(explain, "explain_error", broken)
    with pytest.raises(RuntimeError, match="mat1 and mat2") as caught, explained_errors():
        failing()
    assert not hasattr(caught.value, "__notes__")


def test_an_exception_that_takes_no_notes():
    class ClosedError(RuntimeError):
        def add_note(self, note):
            raise AssertionError("never called")

        @property
        def __notes__(self):
            raise AssertionError("never to be seen")

    error = ClosedError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x3)")
    notes.add_note(error)


@pytest.mark.timing
def test_nothing_is_slower_while_nothing_fails():
    def block():
        with explained_errors():
            pass

    assert min(timeit.repeat(block, number=10_000, repeat=5)) < 0.1  # 10 microseconds a block


def test_nothing_is_loaded_before_something_fails():
    program = """
        import sys
        from tensorglass import explained_errors
        with explained_errors():
            pass
        print("torch" in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
