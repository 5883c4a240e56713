"""Run one page block by block, as the site does, and write down what each block of code printed, showed and drew.

``python -m _ext.runs.run_blocks PAGE FOLDER`` is run by `docs/record.py`, in a process of its own for each page. It
writes `run.json` and the figures to the folder, and needs torch, matplotlib and the library alone.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import platform
import random
import re
import sys
import time
import types
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..sources.blocks import code_blocks
from .figures import TIMINGS, save_themed_svg, text_alternative
from .record import Figure, Output, digest_of_svg


def run_block(code: str, line: int, page: Path, module: types.ModuleType) -> str:
    """Run a block in a module, and return what it printed and what its last expression showed."""
    tree = ast.parse("\n" * (line - 1) + code, str(page))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        exec(compile(tree, str(page), "exec", dont_inherit=True), module.__dict__)
        value = None
        if isinstance(last, ast.Expr):
            expression = compile(ast.Expression(last.value), str(page), "eval", dont_inherit=True)
            value = eval(expression, module.__dict__)
    text = printed.getvalue().expandtabs()
    if value is not None and not type(value).__module__.startswith("matplotlib."):  # as conf.py has it
        text += "\n" + (str(value) if hasattr(value, "_repr_html_") else repr(value))
    return text.strip("\n")


def save_figures(block: int, page: str, folder: Path, already: int) -> list[Figure]:
    """Save the open figures, and close them."""
    import matplotlib.pyplot as plt

    found = []
    for number, figure in enumerate(map(plt.figure, plt.get_fignums()), start=already + 1):
        path = folder / f"{page}_{number:03}.svg"
        save_themed_svg(figure, path)
        digest = digest_of_svg(path.read_text("utf-8"))
        found.append(Figure(block, text_alternative(figure), digest, figure.get_label() == TIMINGS, path.name))
    plt.close("all")
    return found


def run(page: Path, folder: Path) -> dict[str, Any]:
    """Run a page, and return what is to be recorded of it. The time counts once torch and the device are ready."""
    import matplotlib.pyplot  # noqa: F401 - pages import it too, and importing is no part of their time
    import torch
    from tensorglass import default_device

    device = default_device()
    described = describe(device)
    module = sys.modules["__main__"] = types.ModuleType("__main__")  # for classes that are pickled
    sys.argv = [str(page)]
    random.seed(0)
    torch.manual_seed(0)
    outputs: list[Output] = []
    figures: list[Figure] = []
    seconds = 0.0
    for number, block in enumerate(code_blocks(page), start=1):
        start = time.perf_counter()
        text = run_block(block.text, block.line, page, module)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds += time.perf_counter() - start
        outputs += [Output(number, text)] if text.strip() else []
        figures += save_figures(number, page.stem, folder, len(figures))
    return {**described, "seconds": round(seconds, 1), "outputs": outputs, "figures": figures}


def describe(device: Any) -> dict[str, Any]:
    """Return what a page is about to run on. TF32 is what torch may round float32 factors to on a GPU."""
    import torch

    is_cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if is_cuda else processor(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "tf32": {
            "matrix products": torch.backends.cuda.matmul.allow_tf32,
            "convolutions": torch.backends.cudnn.allow_tf32,
        },
    }


def processor() -> str:
    """Return the name of this machine's processor."""
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    page, folder = map(Path, sys.argv[1:])
    found = run(page, folder)
    lists = {name: [asdict(each) for each in found[name]] for name in ("outputs", "figures")}
    (folder / "run.json").write_text(json.dumps({**found, **lists}), "utf-8")


if __name__ == "__main__":
    main()
