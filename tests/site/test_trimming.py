"""Pages load only the style sheets and scripts that they use."""

from types import SimpleNamespace

from _ext.page.trimming import drop_unused


def test_only_notebooks_load_the_style_of_notebooks():
    files = [SimpleNamespace(filename=f"_static/{name}") for name in ("furo.css", "mystnb.1.css")]

    def kept(body):
        context = {"body": body, "css_files": files, "script_files": ["_static/sg-tags.js", "_static/furo.js"]}
        drop_unused(None, "page", "page.html", context, None)
        assert context["script_files"] == ["_static/furo.js"]
        return [file.filename.removeprefix("_static/") for file in context["css_files"]]

    assert kept("<p>prose</p>") == ["furo.css"]
    assert kept('<div class="cell_input">') == ["furo.css", "mystnb.1.css"]
