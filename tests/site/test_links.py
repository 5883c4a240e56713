"""Every link and every address in the built files leads to something; licences and downloads stand on every page."""

import io
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup
from places import ROOT

pytestmark = [pytest.mark.long, pytest.mark.site]

SCRIPTS = sorted(ROOT.glob("examples/*/*.py"))


@pytest.fixture(scope="module")
def parsed(built_site):
    return {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in sorted(built_site.rglob("*.html"))}


def test_links_and_anchors_resolve(parsed):
    broken, checked = [], 0
    for path, page in parsed.items():
        for element in page.select("[href], [src]"):
            target = element.get("href") or element.get("src") or ""
            if re.match(r"[a-z]+:|//", target) or target == "":
                continue
            name, anchor = urldefrag(target)
            file = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            checked += 1
            if not file.exists() or (anchor and file in parsed and not parsed[file].find(id=unquote(anchor))):
                broken.append(f"{path.name}: {target}")
    assert broken == []
    assert checked > 1000


def test_links_in_the_markdown_twins_resolve(built_site):
    twins = list(built_site.rglob("*.md"))
    assert len(twins) > len(SCRIPTS)
    for path in [*twins, built_site / "llms.txt"]:
        text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"(?<!\\)\]\(([^)\s]+)\)", re.sub("`[^`]*`", "", text)):
            if not re.match(r"[a-z]+:|#", target):
                assert (path.parent / unquote(target.partition("#")[0])).exists(), f"{path}: {target}"


def test_each_executed_page_has_a_twin_with_its_outputs(built_site):
    twin = (built_site / "auto_examples/broadcasting/unsqueeze.md").read_text("utf-8")
    assert twin.startswith("# How does unsqueeze help with broadcasting?\n")
    assert "```python\nimport itertools" in twin
    assert "RuntimeError: The size of tensor a (3)" in twin
    assert "Solution" in twin
    assert "\ue000" not in twin
    listed = (built_site / "llms.txt").read_text("utf-8")
    for script in SCRIPTS:
        assert f"(auto_examples/{script.parent.name}/{script.stem}.md)" in listed


def test_the_licences_and_the_source_to_name_stand_on_every_page(parsed):
    for path, page in parsed.items():
        if path.name != "404.html":
            (foot,) = page.select(".licences")
            assert {link["href"] for link in foot.select("a[rel=license]")} == {
                "https://creativecommons.org/licenses/by/4.0/",
                "https://opensource.org/license/mit",
            }, path
            words = " ".join(foot.text.split())
            assert re.search("name the source: (“.+”, )?tensorglass, by the tensorglass authors, CC BY 4.0", words)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_each_page_offers_script_notebook_and_library(parsed, built_site, script):
    path = built_site / f"auto_examples/{script.parent.name}/{script.stem}.html"
    links = [link["href"] for link in parsed[path].select(".page-actions a[download]")]
    assert [Path(link).suffix for link in links] == [".py", ".ipynb", ".whl"]
    served, notebook, wheel = ((path.parent / link).resolve() for link in links)
    assert served.read_text("utf-8") == script.read_text("utf-8")  # the site's address is not known here
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    assert "".join(cells[0]["source"]).endswith(f"./{wheel.name}")
    assert "%pip install" in "".join(cells[0]["source"])
    with zipfile.ZipFile(io.BytesIO((built_site / "tensorglass-pages.zip").read_bytes())) as archive:
        assert archive.read(script.name) == script.read_bytes()
        assert archive.read(notebook.name) == notebook.read_bytes()
        assert archive.read(wheel.name) == wheel.read_bytes()


@pytest.mark.parametrize("page", ["index", "reference/index"])
def test_the_library_is_installed_with_one_line(parsed, built_site, page):
    path = built_site / f"{page}.html"
    (place,) = parsed[path].select(".install")
    (wheel,) = built_site.glob("*.whl")
    links = [(path.parent / link["href"]).resolve() for link in place.select("a")]
    assert sorted(links) == sorted([wheel, built_site / "howto" / "install.html"])
    assert place.pre.text == f"python -m pip install {wheel.name}"  # the site's address is not known here


@pytest.mark.parametrize("page", ["index", "auto_examples/index", "howto/copy_a_page"])
def test_the_archive_of_all_pages_is_offered(parsed, built_site, page):
    path = built_site / f"{page}.html"
    (link,) = parsed[path].select("article a[download][href$='.zip']")
    assert (path.parent / link["href"]).resolve() == built_site / "tensorglass-pages.zip"


def test_names_in_code_link_to_their_documentation(parsed, built_site):
    page = parsed[built_site / "auto_examples/broadcasting/unsqueeze.html"]
    links = {link["href"] for link in page.select(".highlight-Python pre a[href]")}
    assert any(re.search(r"reference/.*#tensorglass\.explain_broadcast$", link) for link in links)
    assert "https://docs.pytorch.org/docs/stable/generated/torch.tensor.html#torch.tensor" in links
    assert any(link.startswith("https://docs.python.org/3/") for link in links)
    assert any(link.startswith("https://matplotlib.org/stable/") for link in links)
    for name, used in (("index", "broadcasting.html#tensorglass.explain_broadcast"), ("questions", "memory.html#")):
        links = {link["href"] for link in parsed[built_site / f"{name}.html"].select(".highlight-ipython3 pre a[href]")}
        assert any(f"reference/{used}" in link for link in links), name  # both are notebooks
