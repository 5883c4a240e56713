"""What looking at storage costs, whatever the size of the tensors, and what tracking memory adds to a training step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from timing import inside, show, training_step

from tensorglass import explain_view, memory_of, shares_memory, storage_info, track_memory

SIZES = tuple(10**exponent for exponent in range(0, 10, 3))


def by_size(look: Callable[[torch.Tensor], object]) -> dict[str, Callable[[], object]]:
    """Return the look at every second column of a matrix with two columns and so many elements in all."""
    views = {size: torch.empty(max(size // 2, 1), 2, device="meta")[:, :1] for size in SIZES}
    return {f"{size:,} elements": lambda view=view: look(view) for size, view in views.items()}


def main() -> None:
    show("storage_info", by_size(storage_info))
    show("shares_memory with the other column", by_size(lambda x: shares_memory(x, x.as_strided(x.shape, (2, 1), 1))))
    show("explain_view", by_size(lambda x: explain_view(x, (-1,))))
    show("memory_of", by_size(memory_of))
    for width, layers, batch in ((32, 4, 16), (512, 4, 64), (1024, 8, 256)):
        step = training_step(width, layers, batch)
        title = f"a training step, {layers} layers of width {width}, batch {batch}"
        times = show(title, {"plain": step, "under track_memory": inside(track_memory, step)}, rounds=30)
        print(f"  times {times['under track_memory'] / times['plain']:.2f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
