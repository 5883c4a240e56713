"""Names in the code of notebooks link to their documentation, as the gallery's own pages have it.

The gallery knows what a name is because it ran the script. Here the imports of the notebook's cells say it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_gallery._doctree_links import _Resolver, _tokenize_and_link, code_links_block

LANGUAGE = "ipython3"


def meanings(code: str) -> dict[str, list[dict[str, Any]]]:
    """Return each imported name that the code writes, with the object it stands for, in the gallery's own form.

    >>> found = meanings("import torch.nn.functional as F\\nfrom tensorglass import gain\\nF.relu(gain(abs))")
    >>> sorted((name, each["module"], each["name"]) for name, (each,) in found.items())
    [('F', 'torch.nn', 'functional'), ('F.relu', 'torch.nn.functional', 'relu'), ('gain', 'tensorglass', 'gain')]
    """
    tree = ast.parse(code)
    imported = dict(_imports(tree))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            written = ast.unparse(node)
            first, _, rest = written.partition(".")
            full = ".".join(filter(None, [imported.get(first, ""), rest]))
            if first in imported and written.replace(".", "").isidentifier() and "." in full:
                module, _, name = full.rpartition(".")
                described = {"module": module, "module_short": module, "name": name}
                found[written] = [{**described, "is_class": False, "is_explicit": False}]
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]  # `import a.b` binds a, and `import a.b as c` binds a.b
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


class NotebookLinks(SphinxPostTransform):
    """Put the links into the cells."""

    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        blocks = [node for node in self.document.findall(nodes.literal_block) if node.get("language") == LANGUAGE]
        if not blocks:
            return
        resolver = _Resolver(self.env, self.app.builder, self.env.docname, self.config.sphinx_gallery_conf)
        known = meanings("\n".join(block.rawsource for block in blocks))
        for block in blocks:
            linked = list(_tokenize_and_link(block.rawsource, LANGUAGE, known, resolver))
            block.replace_self(code_links_block("", "", *linked, lang=LANGUAGE, classes=block["classes"]))
