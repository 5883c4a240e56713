"""Record what the pages print on a device, for the site to show when it is built on another one.

``python docs/record.py --device cuda`` runs the scripts of `examples/`, and the notebooks in Markdown that ask for the
device, each in a process of its own, and writes one file a page to `docs/recorded/cuda`. It needs torch, matplotlib,
scikit-learn and what the library needs; neither Sphinx nor nox.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS, PACKAGE = ROOT / "docs", ROOT / "src" / "tensorglass"
sys.path.insert(0, str(DOCS))

from _ext.runs.record import Figure, Output, Record, digest_of, kind_of, read, write  # noqa: E402 - found through
from _ext.sources import pages  # noqa: E402 - the line above
from _ext.sources.names import expected, page_named  # noqa: E402

LARGEST = 2_000_000  # bytes, of all records together
LARGEST_OF_TIMINGS = 40_000  # bytes; a larger figure of running times is not kept


def main() -> int:
    options = _options()
    known = pages.on_devices(ROOT)
    named = {given: page_named(given, known) for given in options.pages}
    for given, page in named.items():
        if page is None:
            return _refuse(f"there is no page {given!r}; {expected(given, {path.stem for path in known.values()})}")
    variables = _variables(options.device)
    problem = _problem_with_device(variables)
    if problem:
        return _refuse(f"{problem}; nothing was recorded")
    wanted = [known[page] for page in named.values() if page] or list(known.values())
    failed = [source.stem for source in wanted if not _record(source, options, variables)]
    if failed:
        _say(f"{len(failed)} failed, and were not recorded: {', '.join(failed)}")
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    if size > LARGEST:
        _say(f"{options.out} has {size:,} bytes, and all records together may have {LARGEST:,}")
    return int(bool(failed) or size > LARGEST)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--device", default="cpu", help="cpu, which it is if you say nothing, or cuda or cuda:N")
    parser.add_argument("--out", type=Path, default=DOCS / "recorded", help="the folder of the records")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="pages to record, for instance unsqueeze; else all")
    return parser.parse_args()


def _variables(device: str) -> dict[str, str]:
    path = os.pathsep.join([str(PACKAGE.parent), str(DOCS), *filter(None, [os.environ.get("PYTHONPATH")])])
    marks = {"TENSORGLASS_DEVICE": device, "TENSORGLASS_MARK_MEASURED": "1"}
    # As in noxfile.py: threads that wait for others soon sleep.
    return {"GOMP_SPINCOUNT": "1000", **os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg", **marks}


def _problem_with_device(variables: dict[str, str]) -> str:
    """Return why the pages cannot run on the device, or nothing."""
    command = [sys.executable, "-c", "import tensorglass; tensorglass.default_device()"]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    reason = result.stderr.strip().splitlines()[-1] if result.returncode else ""
    return reason.removeprefix("ValueError: ").replace("TENSORGLASS_DEVICE", "--device")


def _record(source: Path, options: argparse.Namespace, variables: dict[str, str]) -> bool:
    """Run a page and write its record. Return whether it came to its end."""
    page, kind = source.stem, kind_of(options.device)
    digest = digest_of(source, PACKAGE)  # before the run: what is edited meanwhile makes the record an older one
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "_ext.runs.run_blocks", str(source), folder]
        result = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        if result.returncode:
            _say(f"{result.stderr.rstrip()}\n{page} failed after {time.perf_counter() - started:.1f} s")
            return False
        run = json.loads(Path(folder, "run.json").read_text("utf-8"))
        drawn = [Figure(**figure) for figure in run.pop("figures")]
        of_cpu = read(options.out / "cpu" / f"{page}.json") if kind != "cpu" else None
        reference = of_cpu.figures if of_cpu and of_cpu.digest == digest else ()
        is_kept = [kind != "cpu" and _says_more(figure, reference, Path(folder)) for figure in drawn]
        figures = tuple(each if kept else replace(each, file="") for each, kept in zip(drawn, is_kept, strict=True))
        _replace_figures(page, figures, Path(folder), options.out / kind)
    outputs = tuple(Output(**output) for output in run.pop("outputs"))
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    record = Record(digest=digest, date=today, outputs=outputs, figures=figures, **run)
    write(options.out / kind / f"{page}.json", record)
    _say(f"{page}: {record.seconds:.1f} s")
    return True


def _says_more(figure: Figure, of_cpu: tuple[Figure, ...], folder: Path) -> bool:
    """Return whether a figure shows what the CPU's figures of the same page do not."""
    if figure.is_timings:
        return (folder / figure.file).stat().st_size <= LARGEST_OF_TIMINGS
    return figure.digest not in {each.digest for each in of_cpu}


def _replace_figures(page: str, figures: tuple[Figure, ...], source: Path, target: Path) -> None:
    """Remove the figures of the page's last record, and keep those of this one that have a file."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob(f"{page}_[0-9][0-9][0-9].svg"):
        old.unlink()
    for figure in figures:
        if figure.file:
            (target / figure.file).write_bytes((source / figure.file).read_bytes())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _refuse(reason: str) -> int:
    _say(reason)
    return 1


if __name__ == "__main__":
    sys.exit(main())
