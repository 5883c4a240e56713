"""`python -m tensorglass`: a program runs as it would alone, and its error is explained."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from places import ROOT

import tensorglass

SCRIPT = Path(__file__).parent / "training_script.py"
TELL = (
    "import sys, json\n"
    "print(json.dumps([sys.argv, sys.path[0], __name__, __file__, __package__, 'torch' in sys.modules]))"
)
# The library that is tested, from whichever folder the program runs.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(tensorglass.__file__).parents[1])}


def python(*arguments, cwd=None, stdin=None):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, input=stdin, env=ENVIRONMENT)


def both(*arguments, cwd):
    """Run a program alone and through the library."""
    return python(*arguments, cwd=cwd), python("-m", "tensorglass", *arguments, cwd=cwd)


@pytest.fixture
def write(tmp_path):
    def write(text, name="script.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_the_training_script_that_nobody_here_wrote():
    alone, explained = python(SCRIPT, "--epochs", 1), python("-m", "tensorglass", SCRIPT, "--epochs", 1)
    assert alone.returncode == explained.returncode == 1
    assert explained.stdout == alone.stdout
    assert explained.stderr.startswith(alone.stderr)
    note = explained.stderr.removeprefix(alone.stderr)
    assert "training_script.py:30: self.head(features), in the layer head" in note
    assert (
        "The layer `head` (Linear) takes 2048 features in the last axis of its input, its in_features, and 1568 came."
        in note
    )
    assert re.search(r"features +\(32, 1568\) +float32 +cpu\n", note)
    assert re.search(r"self\.head\.weight +\(10, 2048\) +float32 +cpu\n", note)
    assert "nn.Linear(1568, classes)" in note
    shown = textwrap.indent(note.strip(), "    ", lambda line: line.strip() != "")
    assert shown in (ROOT / "README.md").read_text("utf-8")


def test_the_training_script_as_it_is_mended(tmp_path):
    path = tmp_path / "mended.py"
    path.write_text(SCRIPT.read_text().replace("nn.Linear(32 * 8 * 8, classes)", "nn.Linear(1568, classes)"))
    mended = python("-m", "tensorglass", path, "--epochs", 1)
    assert (mended.returncode, mended.stderr) == (0, "")
    assert mended.stdout.startswith("epoch 0: ")


@pytest.mark.parametrize("arguments", [[], ["a", "--flag", "-m"]])
def test_what_a_script_sees(write, tmp_path, arguments):
    alone, explained = both(write(TELL), *arguments, cwd=tmp_path)
    assert alone.stdout == explained.stdout
    assert json.loads(alone.stdout)[-1] is False  # torch is not imported before the program does


def test_a_script_in_another_folder(write, tmp_path):
    write("value = 7", "inside/other.py")
    write("import other\nprint(other.value)", "inside/script.py")
    alone, explained = both("inside/script.py", cwd=tmp_path)
    assert alone.stdout == explained.stdout == "7\n"


def test_what_a_module_sees(write, tmp_path):
    write(TELL, "package/__main__.py")
    write(TELL, "package/part.py")
    write("", "package/__init__.py")
    for name in ("package", "package.part"):
        alone, explained = both("-m", name, "x", cwd=tmp_path)
        assert alone.stdout == explained.stdout != ""


@pytest.mark.parametrize(
    "program",
    [
        "",
        "import sys; sys.exit(3)",
        "raise SystemExit('a sentence')",
        "raise SystemExit",
        "raise ValueError('mine')",
        "def f():\n    raise ValueError('mine')\nf()",
        "def f(:",
        "raise KeyboardInterrupt",
        "import atexit; atexit.register(print, 'the end'); 1 / 0",
        "import sys; sys.excepthook = lambda *args: print('own hook', args[0].__name__); 1 / 0",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('b') from error",
        "import threading; threading.Thread(target=lambda: 1 / 0).start()",
        "import os; os._exit(7)",
        "print(input())",
        "import sys; print(sys.modules['__main__'].__file__ == __file__)",
    ],
)
def test_a_program_ends_as_it_would_alone(write, tmp_path, program):
    alone, explained = both(write(program), cwd=tmp_path)
    assert explained.returncode == alone.returncode
    assert explained.stdout == alone.stdout
    assert without_addresses(explained.stderr) == without_addresses(alone.stderr)


def without_addresses(text):
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def test_an_interrupted_program(write, tmp_path):
    path = write(
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background has not\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(5)"
    )
    alone, explained = both(path, cwd=tmp_path)
    assert alone.returncode == explained.returncode
    assert explained.returncode in (-signal.SIGINT, 130)
    assert "tensorglass" not in explained.stderr


def test_an_error_of_torch_is_explained_without_our_frames(write, tmp_path):
    path = write("import torch\na = torch.ones(2, 3)\nb = torch.ones(4, 3)\na @ b")
    alone, explained = both(path, cwd=tmp_path)
    assert explained.stderr.startswith(alone.stderr)
    assert "a @ b.T" in explained.stderr
    assert "errors/program.py" not in explained.stderr
    assert "runpy" not in explained.stderr


def test_an_error_in_a_thread_is_explained(write, tmp_path):
    path = write(
        "import threading, torch\ndef work():\n    torch.ones(2, 3) @ torch.ones(4, 3)\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()"
    )
    explained = python("-m", "tensorglass", path, cwd=tmp_path)
    assert explained.returncode == 0
    assert "tensorglass explains" in explained.stderr


def test_pickles_and_processes_find_the_main_module(write, tmp_path):
    path = write(
        "import multiprocessing, pickle\n"
        "def double(x):\n    return 2 * x\n"
        "class Thing:\n    pass\n"
        "if __name__ == '__main__':\n"
        "    assert isinstance(pickle.loads(pickle.dumps(Thing())), Thing)\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
    )
    alone, explained = both(path, cwd=tmp_path)
    assert explained.stdout == alone.stdout == "[2, 4]\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "usage: python -m tensorglass script.py [argument ...]"),
        (["--unknown", "script.py"], "usage: python -m tensorglass script.py [argument ...]"),
        (["-m"], "usage: python -m tensorglass script.py [argument ...]"),
        (["missing.py"], "python -m tensorglass: can't open file '"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(tmp_path, arguments, sentence):
    told = python("-m", "tensorglass", *arguments, cwd=tmp_path)
    assert told.returncode == 2
    assert told.stdout == ""
    assert told.stderr.startswith(sentence)
    assert told.stderr.count("\n") == 1


def test_a_module_that_is_not_there(tmp_path):
    for name in ("no_such_module", "json.no_such_part", "no.such.module"):
        told = python("-m", "tensorglass", "-m", name, cwd=tmp_path)
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr == f"python -m tensorglass: no module named {name} that can be run\n"


def test_help(tmp_path):
    told = python("-m", "tensorglass", "--help", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("usage: ")
