"""Each image says how large it is, so that a page keeps its place while its figures arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.images import get_image_size

from .drawings import drawing


class StateSizes(SphinxPostTransform):
    """Write width and height, in pixels, on each image; the cards' size is the style sheet's affair."""

    def run(self, **options: Any) -> None:
        for image in self.document.findall(nodes.image):
            size = get_image_size(Path(self.app.srcdir, image["uri"]))
            if size and not image["uri"].endswith("_thumb.svg") and not isinstance(image, drawing):
                image["width"], image["height"] = map(str, size)
