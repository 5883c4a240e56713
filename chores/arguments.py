"""What is asked of a session behind ``--``: each argument is what it says, or is refused with one sentence."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from _ext.runs.environment import gpu_names, unknown_device
from _ext.sources import pages
from _ext.sources.names import expected, page_named

if TYPE_CHECKING:
    import nox

DEVICE = "TENSORGLASS_DEVICE"  # what the pages ask for the device that they run on
WITH_CUDA = "TENSORGLASS_TORCH=cu130 nox -s docs installs a build of torch with CUDA"
_OPTIONS = ("--only", "--device", "--help")
# The library's own sentence, and whether another build of torch would help.
_CHECK = "import torch, tensorglass; print(torch.version.cuda is None); tensorglass.default_device()"


def of_docs(session: nox.Session) -> argparse.Namespace:
    """Return what `nox -s docs` is asked for: a page or none, and a device or none."""
    parser = argparse.ArgumentParser(
        prog="nox -s docs --", description="Build the site.", exit_on_error=False, allow_abbrev=False
    )
    parser.add_argument("page", nargs="?", metavar="PAGE", help="build one page, for instance unsqueeze")
    parser.add_argument("--only", metavar="PAGE", help="the same")
    parser.add_argument("--device", help="the device that the pages run on: cpu, cuda or cuda:N")
    try:
        options, unknown = parser.parse_known_args(session.posargs)
    except argparse.ArgumentError as error:
        session.error(str(error))
    if unknown and unknown[0].startswith("-"):
        session.error(f"there is no option {unknown[0]!r}; {expected(unknown[0].partition('=')[0], _OPTIONS)}")
    if unknown or (options.page and options.only):
        session.error(f"{(unknown or [options.page])[0]!r} is one page too many; expected one, or none for all")
    options.page = options.page or options.only
    return options


def page(session: nox.Session, given: str, root: Path) -> str:
    """Return the page that is meant, by its name on the site."""
    known = pages.executed(root)
    name = page_named(given, known)
    if name is None:
        session.error(f"there is no page {given!r}; {expected(given, {path.stem for path in known.values()})}")
    return name


def refuse_unknown_device(session: nox.Session, given: str | None, is_made: bool) -> None:
    """Stop at once if the device that was asked for cannot be; an environment that is made can tell more of CUDA."""
    source, name = ("--device", given) if given is not None else (DEVICE, os.environ.get(DEVICE, ""))
    reason = unknown_device(name)
    if not reason and not is_made and name.startswith("cuda") and not gpu_names():
        reason = "and the driver finds no NVIDIA GPU here; expected cpu"
    if reason:
        session.error(f"{source} is {name!r}, {reason}; nothing was built")
    os.environ[DEVICE] = name


def refuse_missing_device(session: nox.Session, python: str, given: str | None) -> None:
    """Stop before anything is built if torch cannot use the device that was asked for."""
    if not os.environ.get(DEVICE):
        return
    result = subprocess.run([python, "-c", _CHECK], capture_output=True, text=True, check=False)
    if result.returncode:
        reason = result.stderr.strip().splitlines()[-1].removeprefix("ValueError: ")
        reason = reason if given is None else reason.replace(DEVICE, "--device")
        is_cpu_build = result.stdout.startswith("True") and os.environ[DEVICE].startswith("cuda")
        more = f"; where there is an NVIDIA GPU, {WITH_CUDA}" if is_cpu_build else ""
        session.error(f"{reason}; nothing was built{more}")
