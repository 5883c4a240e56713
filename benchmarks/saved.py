"""What recording the saved tensors adds to a training step, and how long a look at a model takes."""

from __future__ import annotations

import torch
from timing import inside, show, training_step
from torch._subclasses import FakeTensorMode

from tensorglass import record_saved, saved_for_backward


def main() -> None:
    for width, layers, batch in ((32, 4, 16), (512, 4, 64), (1024, 8, 256)):
        step = training_step(width, layers, batch)
        title = f"a training step, {layers} layers of width {width}, batch {batch}"
        times = show(title, {"plain": step, "under record_saved": inside(record_saved, step)}, rounds=30)
        print(f"  times {times['under record_saved'] / times['plain']:.2f}")
    layer, x = torch.nn.TransformerEncoderLayer(64, 4, 256, batch_first=True), torch.randn(4, 16, 64)
    show(
        "a transformer layer", {"forward": lambda: layer(x), "saved_for_backward": lambda: saved_for_backward(layer, x)}
    )
    with FakeTensorMode():
        large, tokens = torch.nn.TransformerEncoderLayer(8192, 64, 32768, batch_first=True), torch.empty(8, 4096, 8192)
        sides = {"forward": lambda: large(tokens), "saved_for_backward": lambda: saved_for_backward(large, tokens)}
        show("a transformer layer of 0.8 billion parameters, fake", sides, rounds=20)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
