"""What depends on where the site and its repository live, with their addresses given and without."""

import json
import re
import struct
from types import SimpleNamespace

import pytest
from _ext.publishing.addresses import colab_address
from _ext.sources.script_metadata import with_library
from throwaway import Throwaway

SITE, REPOSITORY = "https://site.example/sub", "https://github.com/somebody/tensors"
PAGE = "auto_examples/broadcasting/uses_alpha"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    project = Throwaway(tmp_path_factory.mktemp("hosted"))
    given = {"SITE_ADDRESS": f"{SITE}/", "REPOSITORY": REPOSITORY, "NOTEBOOKS": f"{REPOSITORY}/blob/gh-pages"}
    project.ran(**{f"TENSORGLASS_{name}": address for name, address in given.items()})
    return project.site


@pytest.fixture(scope="module")
def homeless(tmp_path_factory):
    project = Throwaway(tmp_path_factory.mktemp("homeless"))
    project.ran()
    return project.site


@pytest.mark.long
def test_without_addresses_nothing_points_to_any(homeless):
    assert not (homeless / "sitemap.xml").exists()
    for path in homeless.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "og:url" not in text
        assert "canonical" not in text
        assert "colab" not in text
        assert "github.com/somebody" not in text
        assert not re.search(r'(href|src)="(https?:)?/+"', text)
    assert '<meta name="description" content="It is 7.">' in (homeless / f"{PAGE}.html").read_text("utf-8")
    assert "<a " not in (homeless / "404.html").read_text("utf-8")


@pytest.mark.long
def test_the_page_not_found_needs_no_other_file(homeless, hosted):
    for site in (homeless, hosted):
        text = (site / "404.html").read_text("utf-8")
        assert "<link" not in text
        assert "<script src" not in text
    assert "<script" not in (hosted / "404.html").read_text("utf-8")
    links = re.findall('href="(.*?)"', (hosted / "404.html").read_text("utf-8"))
    assert links == [f"{SITE}/index.html", f"{SITE}/questions.html"]


@pytest.mark.long
def test_the_sitemap_names_every_page_once(hosted):
    named = re.findall("<loc>(.*?)</loc>", (hosted / "sitemap.xml").read_text("utf-8"))
    assert len(named) == len(set(named))
    assert f"{SITE}/{PAGE}.html" in named
    assert f"{SITE}/404.html" not in named
    assert all((hosted / address.removeprefix(f"{SITE}/")).exists() for address in named)


@pytest.mark.long
def test_pages_carry_tags_for_previews_and_their_own_address(hosted):
    text = (hosted / f"{PAGE}.html").read_text("utf-8")
    assert f'<link rel="canonical" href="{SITE}/{PAGE}.html"' in text
    assert f'<meta property="og:url" content="{SITE}/{PAGE}.html">' in text
    assert '<meta property="og:title" content="A page about alpha">' in text
    assert '<meta property="og:description" content="It is 7.">' in text
    (picture,) = re.findall('<meta property="og:image" content="(.*?)">', text)
    size = (hosted / picture.removeprefix(f"{SITE}/")).read_bytes()[16:24]
    assert struct.unpack(">II", size) == (1200, 630)  # what previews ask for
    assert '<meta name="twitter:card" content="summary_large_image">' in text
    assert f"{SITE}/{PAGE}.html" in re.search('<div class="licences">.*?</div>', text, re.DOTALL)[0]
    assert f"({SITE}/{PAGE}.md)" in (hosted / "llms.txt").read_text("utf-8")


@pytest.mark.long
def test_pages_link_to_their_source_and_open_in_colab(hosted):
    text = (hosted / f"{PAGE}.html").read_text("utf-8")
    assert f'href="{REPOSITORY}/blob/main/examples/broadcasting/uses_alpha.py"' in text
    assert f'href="https://colab.research.google.com/github/somebody/tensors/blob/gh-pages/{PAGE}.ipynb"' in text


@pytest.mark.parametrize("site", [SITE, ""])
@pytest.mark.parametrize("notebooks", [f"{REPOSITORY}/blob/gh-pages", "https://elsewhere.example/notebooks", ""])
def test_colab_is_offered_where_it_can_read_the_notebook_and_install_the_library(notebooks, site):
    config = SimpleNamespace(tensorglass_notebooks=notebooks, html_baseurl=site)
    offered = colab_address(SimpleNamespace(config=config), PAGE)
    assert bool(offered) == (notebooks.startswith("https://github.com/") and site == SITE)


@pytest.mark.long
def test_scripts_and_notebooks_name_the_library_by_its_address(hosted, homeless):
    (wheel,) = (path.name for path in hosted.glob("*.whl"))
    script = (hosted / f"{PAGE}.py").read_text("utf-8")
    assert f'# dependencies = ["torch>=2.4", "matplotlib>=3.8", "tensorglass @ {SITE}/{wheel}"]\n' in script
    assert "tensorglass @" not in (homeless / f"{PAGE}.py").read_text("utf-8")
    first = {
        site: "".join(json.loads((site / f"{PAGE}.ipynb").read_text("utf-8"))["cells"][0]["source"])
        for site in (hosted, homeless)
    }
    assert first[hosted] == f'%pip install matplotlib "tensorglass @ {SITE}/{wheel}"'
    assert first[homeless].endswith(f"\n%pip install matplotlib ./{wheel}")


def test_metadata_of_several_lines_takes_the_address_too():
    script = '# /// script\n# dependencies = [\n#     "torch>=2.4",\n# ]\n# ///\n"""A page."""\n'
    changed = with_library(script, "https://site.example/x.whl")
    assert '# dependencies = [\n#     "tensorglass @ https://site.example/x.whl",\n#     "torch>=2.4",\n# ]' in changed
    assert with_library('"""A page."""\n', "https://site.example/x.whl") == '"""A page."""\n'
    with pytest.raises(ValueError, match="no place for the library"):
        with_library("# /// script\n# dependencies = []\n# ///\n", "https://site.example/x.whl")
