"""What a package index shows of the project: the README without a relative link, and the addresses that are known."""

import importlib.util
import re
import sys

import pytest
from bs4 import BeautifulSoup
from distributions import build, metadata, unpacked
from places import ROOT
from programs import passed

import tensorglass

REPOSITORY, SITE = "https://github.com/somebody/tensors", "https://site.example/sub"
README = (ROOT / "README.md").read_text("utf-8")
TAG = f"v{tensorglass.__version__}"


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """The metadata where both addresses are known; one ends in a slash."""
    folder = build(tmp_path_factory.mktemp("at_home"), REPOSITORY=f"{REPOSITORY}/", SITE_ADDRESS=SITE)
    return metadata(*folder.glob("*.whl"))


@pytest.fixture(scope="module")
def homeless(tmp_path_factory):
    return metadata(*build(tmp_path_factory.mktemp("homeless")).glob("*.whl"))


def shown(described):
    """Return the long description as the index renders it."""
    render = pytest.importorskip("readme_renderer.markdown").render
    assert described["Description-Content-Type"] == "text/markdown"
    page = render(described.get_payload())
    assert page is not None
    return BeautifulSoup(page, "html.parser")


def targets(page):
    links = [link["href"] for link in page.find_all("a") if not link["href"].startswith("#")]
    return links, [picture["src"] for picture in page.find_all("img")]


def relative(readme):
    """Return the links and the pictures of the README that name files of the repository, each by its words."""
    found = re.findall(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)]+)\)", readme)
    links = {words: target for picture, words, target in found if not picture}
    return links, {words: target for picture, words, target in found if picture}


def test_relative_links_and_pictures_lead_into_the_repository_as_it_was_tagged(at_home):
    links, pictures = targets(shown(at_home))
    files, drawn = (list(found.values()) for found in relative(README))
    assert files
    assert drawn
    assert [link for link in links if link.startswith(REPOSITORY)] == [
        f"{REPOSITORY}/blob/{TAG}/{name}" for name in files
    ]
    assert pictures == [f"{REPOSITORY}/raw/{TAG}/{name}" for name in drawn]
    assert all(each.startswith("https://") for each in links + pictures)
    assert [name for name in files + drawn if not (ROOT / name).exists()] == []


def test_without_an_address_links_are_words_and_pictures_are_gone(homeless):
    page = shown(homeless)
    links, pictures = targets(page)
    assert pictures == []
    assert all(each.startswith("https://") for each in links)
    words, described = relative(README)
    assert [each for each in words if each not in page.get_text()] == []
    assert [each for each in described if each in page.get_text()] == []


def test_code_is_left_as_it_is(at_home, homeless):
    code = re.findall(r"^```[\s\S]*?^```$|(?:^    .*\n)+", README, re.MULTILINE)
    assert len(code) > 5
    for described in (at_home, homeless):
        assert [block for block in code if block.rstrip() not in described.get_payload()] == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("See [the\nguide](docs/guide.md#top).", "See the\nguide."),
        ("![A picture](page.png)\n\n\n\nText", "\n\nText"),
        ("`handlers[name](value)`", "`handlers[name](value)`"),
        ("[here](https://site.example) or [below](#end)", "[here](https://site.example) or [below](#end)"),
    ],
)
def test_without_an_address_what_leads_nowhere_is_words(written, told):
    specification = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.long_description(written, "") == told


def test_the_addresses_that_are_known_are_named(at_home, homeless):
    named = dict(each.split(", ") for each in at_home.get_all("Project-URL"))
    assert named == {
        "Homepage": SITE,
        "Documentation": f"{SITE}/reference/index.html",
        "Source": REPOSITORY,
        "Issues": f"{REPOSITORY}/issues",
        "Changelog": f"{REPOSITORY}/blob/{TAG}/CHANGELOG.md",
    }
    assert homeless.get_all("Project-URL") is None


def test_a_wheel_that_is_built_from_the_archive_says_the_same(tmp_path, at_home):
    (archive,) = build(tmp_path / "dist", REPOSITORY=REPOSITORY, SITE_ADDRESS=SITE).glob("*.tar.gz")
    folder = unpacked(archive, tmp_path)
    passed([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")], folder)
    (again,) = (tmp_path / "again").glob("*.whl")
    told = metadata(again)
    assert told.items() == at_home.items()
    assert told.get_payload() == at_home.get_payload()
