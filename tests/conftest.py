"""What tests of several folders share: the project built from nothing, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def build_copy(folder: Path) -> Path:
    """Copy the project's sources to a folder and build the site there, cold. Returns the built site."""
    ignored = shutil.ignore_patterns("__pycache__", "_build", "auto_examples", "*.egg-info")
    for name in ("docs", "examples", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-d", "docs/_build/doctrees"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    result = subprocess.run(
        [*command, "docs", "docs/_build/html"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "docs" / "_build" / "html"


@pytest.fixture(scope="session")
def built_site(tmp_path_factory):
    """The site, built from nothing."""
    return build_copy(tmp_path_factory.mktemp("first"))
