"""What Sphinx-Gallery calls while it runs the scripts: a clean start, figures that follow the theme, what was found."""

from __future__ import annotations

import gc
import json
import os
import random
import time
from functools import cache
from pathlib import Path
from typing import Any

from .figures import CARD_SUFFIX, NARROW_SUFFIX, save_card, save_narrow, save_themed_svg, text_alternative
from .freshness import this_build

REPRODUCTION_SUFFIX = ".reproduction.json"  # beside a page: what it found of what was published


def around_example(gallery: dict[str, Any], filename: str, when: str) -> None:
    """Time each example, and record its run if it came to its end."""
    build = this_build()
    (page,) = (page for page, script in build.scripts().items() if script.name == Path(filename).name)
    if when == "before":
        build.record_file(page).unlink(missing_ok=True)  # an interrupted run leaves no record, not even an older one
        build.started[page] = time.perf_counter()
    elif (build.docs / f"{page}.py.md5").exists():  # the gallery writes it only for a script that ran to its end
        build.record(page, time.perf_counter() - build.started[page])


@cache
def _threads() -> int:
    """Return how many threads torch began with. Called before the first script, which may ask for another number."""
    import torch

    return torch.get_num_threads()


def reset(gallery: dict[str, Any], filename: str) -> None:
    """Start each script as a fresh interpreter would: seeds, default dtype, gradient mode, threads, no figures."""
    import matplotlib.pyplot as plt
    import torch

    plt.close("all")
    plt.rcdefaults()
    random.seed(0)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_num_threads(_threads())
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def scrape_figures(block: tuple[Any, ...], variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Save each open matplotlib figure as an SVG that follows the theme, with a text alternative."""
    import matplotlib.pyplot as plt

    shown = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        path = Path(next(variables["image_path_iterator"])).with_suffix(".svg")
        alternative = text_alternative(figure)
        if not alternative:
            raise ValueError(f"{variables['src_file']}: figure {path.name} has neither a title nor a described drawing")
        save_themed_svg(figure, path)
        save_narrow(figure, path.with_suffix(NARROW_SUFFIX))
        if path.stem.endswith("_001") and figure.axes:
            save_card(figure, path.with_suffix(CARD_SUFFIX))
        source = os.path.relpath(path, gallery["src_dir"]).replace(os.sep, "/")
        image = f"   .. image:: /{source}\n      :alt: {alternative}\n      :class: figure\n"
        shown.append(f".. container:: figure-frame\n\n{image}")  # on a narrow screen the frame scrolls
    plt.close("all")
    return "\n" + "\n".join(shown) if shown else ""


def keep_reproduction(block: tuple[Any, ...], variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Write the reproduction of a page, if it made one, beside the page. Called after each block."""
    # By its name: a build in which nothing runs must not import the library, and with it torch.
    found = [each for each in variables["example_globals"].values() if type(each).__name__ == "Reproduction"]
    if found:
        target = Path(variables["target_file"])
        rows = [value.texts() for value in found[-1].values]
        table = {"header": found[-1].HEADER, "rows": rows}
        target.with_suffix(REPRODUCTION_SUFFIX).write_text(json.dumps(table, ensure_ascii=False, indent=1), "utf-8")
    return ""
