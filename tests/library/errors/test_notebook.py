"""`%load_ext tensorglass`, in IPython."""

import atexit

import pytest

pytest.importorskip("IPython")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

PRODUCT = "import torch\na = torch.ones(2, 3)\nb = torch.ones(4, 3)\na @ b"


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # of the reader, who ran nox in one; IPython warns of another one
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    yield shell
    atexit.unregister(shell.atexit_operations)  # it would write into a folder that is gone by then
    InteractiveShell.clear_instance()


def output_of(shell, cell):
    with capture_output() as captured:
        shell.run_cell(cell)
    return captured


def told(captured):
    return [each.data for each in captured.outputs]


def test_the_table_stands_beneath_the_traceback(shell):
    shell.run_cell("%load_ext tensorglass")
    captured = output_of(shell, PRODUCT)
    assert "RuntimeError" in captured.stdout
    (data,) = told(captured)
    assert "a @ b.T" in data["text/plain"]
    assert "<table>" in data["text/html"]


def test_the_cell_is_read_by_its_own_source(shell):
    shell.run_cell("%load_ext tensorglass")
    (data,) = told(output_of(shell, "import torch\ndef f(x):\n    return x.view(5)\nf(torch.ones(4))"))
    assert "x.view(5)" in data["text/plain"]
    assert "(4,)" in data["text/plain"]


def test_what_is_unknown_is_not_told(shell):
    shell.run_cell("%load_ext tensorglass")
    assert told(output_of(shell, "1 / 0")) == []
    assert told(output_of(shell, "1 +")) == []
    assert told(output_of(shell, "x = 3")) == []
    assert told(output_of(shell, "import sys; sys.exit(0)")) == []


def test_loaded_twice_it_tells_once(shell):
    shell.run_cell("%load_ext tensorglass")
    shell.run_cell("%reload_ext tensorglass")
    assert len(told(output_of(shell, PRODUCT))) == 1


def test_unloaded_nothing_is_left(shell):
    before = list(shell.events.callbacks["post_run_cell"])
    shell.run_cell("%load_ext tensorglass")
    shell.run_cell("%unload_ext tensorglass")
    assert shell.events.callbacks["post_run_cell"] == before
    assert told(output_of(shell, PRODUCT)) == []


def test_no_second_error(shell, monkeypatch):
    from tensorglass.errors import explain

    def broken(error):
        raise RuntimeError("second")

    monkeypatch.setattr(explain, "explain_error", broken)
    shell.run_cell("%load_ext tensorglass")
    captured = output_of(shell, PRODUCT)
    assert "second" not in captured.stdout + captured.stderr
    assert told(captured) == []
