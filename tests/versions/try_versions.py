"""Try the library with old and new versions of Python, torch, NumPy and matplotlib.

Usage: ``nox -s versions``, or ``nox -s versions -- 2.4 2.15`` for the combinations with these versions of torch.
`docs/versions.toml` names the combinations; with ``--record`` it takes what came of them, for the page on installing.

For each, an environment of its own is made in `.nox/versions`, in which pip installs the library with these very
versions, and so admits that its bounds hold. There the library's quick tests and its doctests run, and some pages as
scripts, copied to a folder of their own. A page that asks for a newer torch in its first lines is passed over.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from chores import torch_build

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "versions.toml"
ENVIRONMENTS = ROOT / ".nox" / "versions"
PACKAGES = ("torch", "numpy", "matplotlib", "opt_einsum")
# What the tests stand on. Old releases of matplotlib call what newer ones of pyparsing warn of.
FOR_TESTS = ("pytest", "pytest-xdist", "pytest-randomly", "pyparsing<3.3", "setuptools", "scikit-learn")
# Of each subject one: shapes, storage, einsum, signals, an error, layers; and one that asks for a newer torch.
PAGES = (
    "unsqueeze",
    "tensor_storage",
    "matmul_einsum",
    "activation_scale",
    "mat1_and_mat2",
    "neuron_and_layer",
    "stored_activations",
)


def combinations() -> list[dict[str, object]]:
    """Return the combinations of versions, each with what came of it when it was last tried."""
    return tomllib.loads(FILE.read_text("utf-8"))["combination"]


def name_of(row: dict[str, object]) -> str:
    return f"torch {row['torch']} on Python {row['python']}"


def main() -> None:
    """Try what is asked for, one after another, and end with an error if something failed."""
    parser = argparse.ArgumentParser(prog="nox -s versions --", allow_abbrev=False)
    parser.add_argument("torch", nargs="*", help="versions of torch, such as 2.4 or 2.13.0; all if none is named")
    parser.add_argument("--record", action="store_true", help="write what came of it to docs/versions.toml")
    options = parser.parse_args()
    rows = combinations()
    known = ", ".join(str(row["torch"]) for row in rows)
    for asked in options.torch:
        if not any(is_of(row, asked) for row in rows):
            parser.error(f"there is no combination with torch {asked}; expected one of {known}")
    tried, passed_over, failed = 0, [], []
    for i, row in enumerate(rows):
        if options.torch and not any(is_of(row, asked) for asked in options.torch):
            continue
        if not interpreter(str(row["python"])):
            passed_over.append(f"{name_of(row)}, since this Python is not here")
            continue
        tried += 1
        found = outcome(row)
        failed += [] if found else [name_of(row)]
        if found and options.record:
            rows[i] = row | found
            FILE.write_text(as_toml(FILE.read_text("utf-8"), rows), "utf-8")
    for each in passed_over:
        print(f"passed over: {each}")
    print(f"{tried - len(failed)} of {tried} combinations passed" + "".join(f"; failed: {each}" for each in failed))
    sys.exit(bool(failed) or not tried)


def is_of(row: dict[str, object], asked: str) -> bool:
    return f"{row['torch']}.".startswith(f"{asked}.")


def interpreter(version: str) -> str | None:
    """Return the Python of a version, None if there is none: here, on the path, or where pyenv keeps its own."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


def outcome(row: dict[str, object]) -> dict[str, object] | None:
    """Return what came of a combination, to be recorded, or None if something failed."""
    print(f"\n{name_of(row)}, with {', '.join(f'{each} {row[each]}' for each in PACKAGES[1:])}", flush=True)
    python = environment(row)
    tests = tests_passed(python)
    pages = pages_passed(python, str(row["torch"]))
    if tests is None or pages is None:
        return None
    passed, skipped = tests
    return {"passed": passed, "skipped": skipped, "pages": pages, "date": datetime.date.today()}


def environment(row: dict[str, object]) -> str:
    """Return the Python of the combination's environment, made unless it is there with these versions."""
    folder = ENVIRONMENTS / f"{row['python']}-{row['torch']}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = [f"{each}=={row[each]}" for each in PACKAGES]
    stamp = folder / "made-from"
    if not stamp.exists() or stamp.read_text("utf-8") != " ".join([*wanted, *FOR_TESTS]):
        print("making its environment; torch is large, this takes minutes", flush=True)
        made_with = interpreter(str(row["python"]))
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", "--clear", "-p", made_with, folder], check=True)
        build = torch_build.choose()
        print(build.told(), flush=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted, *FOR_TESTS, *build.source], check=True)
        stamp.write_text(" ".join([*wanted, *FOR_TESTS]), "utf-8")
    # The library as it is now: pip fails here if its bounds do not admit these versions.
    subprocess.run([python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", ROOT], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", f"{ROOT}[plot]", *wanted], check=True)
    return str(python)


def tests_passed(python: str) -> tuple[int, int] | None:
    """Run the quick tests and the doctests of the library; return how many passed and were skipped, or None."""
    processes = str(os.cpu_count() or 1)
    what = ["tests/library", "src/tensorglass"]
    command = [python, "-m", "pytest", "-n", processes, "-p", "no:cacheprovider", *what]
    settings = {"PYTHONPATH": os.pathsep.join(("src", "docs")), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)
    last = ended.stdout.strip().rpartition("\n")[2]
    print(ended.stdout if ended.returncode else f"tests: {last}", flush=True)
    if ended.returncode:
        print(ended.stderr, flush=True)
        return None
    passed, skipped = (re.search(rf"(\d+) {word}", last) for word in ("passed", "skipped"))
    return int(passed[1]), int(skipped[1]) if skipped else 0


def pages_passed(python: str, torch: str) -> int | None:
    """Run the pages that this torch is new enough for, as copied scripts; return how many, or None if one failed."""
    tried = [page for page in PAGES if version(asked_for(page)) <= version(torch)]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for page in tried:
            (script,) = ROOT.glob(f"examples/*/{page}.py")
            shutil.copy(script, folder)
            command = [python, "-W", "ignore", script.name]
            settings = os.environ | {"MPLBACKEND": "agg"}
            ended = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
            if ended.returncode:
                failed.append(page)
                print(f"{page} failed:\n{ended.stderr}", flush=True)
    print(f"pages: {len(tried) - len(failed)} of {len(tried)} passed", flush=True)
    return None if failed else len(tried)


def asked_for(page: str) -> str:
    """Return the version of torch that a page asks for in its first lines."""
    (script,) = ROOT.glob(f"examples/*/{page}.py")
    return re.search(r'"torch>=([\d.]+)"', script.read_text("utf-8"))[1]


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def as_toml(text: str, rows: list[dict[str, object]]) -> str:
    """Return the file anew, with the comment that it begins with."""
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    shown = ["".join(f"{key} = {_as_toml(value)}\n" for key, value in row.items()) for row in rows]
    return head + "".join(f"\n[[combination]]\n{each}" for each in shown)


def _as_toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    main()
