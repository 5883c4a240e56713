"""A gallery of two pages, one notebook and three library modules, built with the project's own extensions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from places import ROOT
from programs import run

PAGE = '''# /// script
# dependencies = ["torch>=2.4", "matplotlib>=3.8"]
# ///
"""
A page about {name}
===================

It is run.

:Level: beginner

Short answer
------------

It is 7.
"""
import os
from tensorglass import {name}

with open(os.environ["RUN_LOG"], "a") as log:
    print("{name}", file=log)
assert {name}() == 7
print("clock", f"\\ue000{{987654320 + 1}} ticks\\ue001", "and on")

# %%
# Exercise
# --------
#
# Why 7?

# More: halves it
print("half of it is", 7 / 2)

# %%
# More: what is ``odd``
# ~~~~~~~~~~~~~~~~~~~~~
#
# It is odd.

print("remainder", 7 % 2)

# %%
# Solution
# ~~~~~~~~
#
# Because of it.

print("ValueError: not a ValueError")

# %%
# References
# ----------
#
# None.
'''

NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
language_info:
  name: python
---

# A notebook

**Short answer.** It is 7.

```{code-cell} python
import os
from tensorglass import gamma
with open(os.environ["RUN_LOG"], "a") as log:
    print("notebook", file=log)
assert gamma() == 7
print(f"\\ue000{987654320 + 1} ticks\\ue001")
```
"""

FILES = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "tensorglass"
        version = "0"

        [tool.hatch.build.targets.wheel]
        packages = ["src/tensorglass"]
    """,
    "README.md": "# Throw-away\n",
    "src/tensorglass/__init__.py": """
        PUBLIC_NAMES = {"alpha": "first", "beta": "second", "gamma": "third"}
        __version__ = "0"

        def __getattr__(name):
            import importlib
            return getattr(importlib.import_module(f"tensorglass.{PUBLIC_NAMES[name]}"), name)
    """,
    "src/tensorglass/first.py": "def alpha():\n    from .common import seven\n    return seven\n",
    "src/tensorglass/second.py": "def beta():\n    return 7\n",
    "src/tensorglass/third.py": "def gamma():\n    return 7\n",
    "src/tensorglass/common.py": "seven = 7\n",
    "examples/GALLERY_HEADER.rst": "Pages\n=====\n",
    "examples/broadcasting/GALLERY_HEADER.rst": "Section\n-------\n\n.. reading order: uses_alpha uses_beta uses_new\n",
    "examples/broadcasting/uses_alpha.py": PAGE.format(name="alpha"),
    "examples/broadcasting/uses_beta.py": PAGE.format(name="beta"),
    "docs/index.md": "# Start\n\n```{toctree}\nnotebook\nauto_examples/index\n```\n",
    "docs/notebook.md": NOTEBOOK,
}


class Throwaway:
    """The project in a folder of its own; `build` and `ran` tell which pages ran.

    Tests may share one: `keep` remembers it as it is, with what was built, and `restore` puts that back. It stays where
    it is, and files keep their times, since Sphinx reads everything again otherwise.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "docs" / "_build" / "html"
        self.kept = root.with_name(f"{root.name}-kept")
        self.log = root / "run.log"
        for name, text in FILES.items():
            self.write(name, text)
        for name in ("_ext", "_static", "_templates", "inventories"):
            shutil.copytree(ROOT / "docs" / name, root / "docs" / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "docs" / "conf.py", root / "docs")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.split("\n")
        indent = "        " if text.startswith("\n        ") else ""
        path.write_text("\n".join(line.removeprefix(indent) for line in lines), "utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text("utf-8")
        assert old in text
        (self.root / name).write_text(text.replace(old, new), "utf-8")

    def keep(self) -> None:
        shutil.copytree(self.root, self.kept)

    def restore(self) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(self.kept, self.root)

    def build(
        self, *options: str, name: str = "html", **environment: str
    ) -> tuple[list[str], subprocess.CompletedProcess[str]]:
        self.log.write_text("")
        folders = ["-d", f"docs/_build/doctrees-{name}", "docs", f"docs/_build/{name}"]
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TENSORGLASS_")},
            "PYTHONPATH": str(self.root / "src"),
            "RUN_LOG": str(self.log),
            "TENSORGLASS_DEVICE": "cpu",
            "NO_COLOR": "1",  # what is printed is compared, and where CI is set Sphinx colours it, terminal or not
            **environment,
        }
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", *options, *folders]
        result = run(command, self.root, variables)
        return sorted(self.log.read_text().split()), result

    def ran(self, *options: str, **named: str) -> list[str]:
        """Build, which must succeed, and return the pages that ran."""
        pages, result = self.build(*options, **named)
        assert result.returncode == 0, result.stdout + result.stderr
        self.shown = result.stdout
        return pages
