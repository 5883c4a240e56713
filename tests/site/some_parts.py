"""Small sites that are built with a part of the site's extension: one that needs no page that runs."""

import os
import sys
from pathlib import Path

import _ext
from programs import passed

HERE = Path(__file__).parent
EXTENSIONS = Path(_ext.__file__).parents[1]

CONFIGURATION = """
from some_parts import register

def setup(app):
    register(app, {modules})

html_theme = "basic"
exclude_patterns = ["_build"]
"""


class Some:
    """Stands between the extension and Sphinx: of what is registered, that of the wanted modules comes through."""

    def __init__(self, app, modules):
        self.app, self.modules, self.srcdir = app, {f"_ext.{module}" for module in modules}, app.srcdir

    def __getattr__(self, name):
        def register(*arguments, **named):
            parts = [part for each in arguments for part in (each if isinstance(each, tuple) else [each])]
            if self.modules & {getattr(part, "__module__", None) for part in parts}:
                getattr(self.app, name)(*arguments, **named)

        return register


def register(app, modules):
    """Register what some modules of the extension have, at the places that it has there."""
    from _ext.order import register

    return register(Some(app, modules))


def written(root, files, *modules):
    """Write the files of a site whose configuration has these modules of the extension; return its folder."""
    docs = root / "docs"
    for name, text in {"docs/conf.py": CONFIGURATION.format(modules=modules), **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return docs


def built(docs):
    """Build a site, and return the folder of its pages with what Sphinx printed."""
    out = docs / "_build" / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "-b", "html", "--no-color", str(docs), str(out)]
    return out, passed(command, docs, PYTHONPATH=os.pathsep.join(map(str, (HERE, HERE.parent, EXTENSIONS))))
