"""The environment that all sessions share, `.nox/env`: made once, and again when what it is made from changes."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import torch_build

if TYPE_CHECKING:
    import nox

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".nox" / "env"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MADE_FROM = ENVIRONMENT / "made-from"  # a digest, and on the next line the build of torch
INSTALL = ["-m", "pip", "install", "-c", "constraints.txt"]
_DESCRIBE = "import platform, importlib.metadata as m; print(platform.python_version(), m.version('torch'))"


def python(session: nox.Session) -> str:
    """Return the Python of the environment, which is made anew if it is not what is wanted."""
    if not is_made(session):
        _make(session)
    return str(PYTHON)


def is_made(session: nox.Session) -> bool:
    """Return whether the environment is there, made from what lies here now, and with the build that is asked for."""
    try:
        asked = torch_build.asked_for()
    except ValueError as error:
        session.error(f"{error}; nothing was installed")
    if not PYTHON.exists() or not MADE_FROM.exists():
        return False
    digest, _, build = MADE_FROM.read_text().partition("\n")
    return digest == wanted() and asked in ("", build)


def wanted() -> str:
    """Return a digest of what the environment is made from."""
    sources = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources) + sys.version.encode()).hexdigest()


def described() -> str:
    """Return what runs in the environment, and where it is."""
    done = subprocess.run([str(PYTHON), "-c", _DESCRIBE], capture_output=True, text=True, check=False)
    version, _, torch = done.stdout.strip().partition(" ")
    return f"Python {version} and torch {torch} of {ENVIRONMENT.relative_to(ROOT)}"


def _make(session: nox.Session) -> None:
    begins = f"making the environment {ENVIRONMENT.relative_to(ROOT)} with Python {platform.python_version()}"
    session.log(f"{begins}; this takes minutes, and is done once")
    try:
        build = torch_build.choose()
    except ValueError as error:
        session.error(f"{error}; nothing was installed")
    if build.warning:
        session.warn(build.warning)
    session.log(build.told())
    MADE_FROM.unlink(missing_ok=True)
    try:
        session.run(sys.executable, "-m", "virtualenv", "-q", "--clear", str(ENVIRONMENT), external=True)
        if build.source:  # torch alone: for all the others, pip looks where it always does
            session.run(str(PYTHON), *INSTALL, "torch", *build.source, external=True)
        groups = [f"--group={name}" for name in ("docs", "tests", "lint", "release")]
        session.run(str(PYTHON), *INSTALL, "-e", ".[plot]", *groups, external=True)
    except Exception:
        session.error("the environment could not be made: see the last lines above; the next run begins it anew")
    MADE_FROM.write_text(f"{wanted()}\n{build.kind}")
    session.log(f"made: {described()}")
