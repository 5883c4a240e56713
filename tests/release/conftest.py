"""What would be published: built here, or the files of the folder that --built names."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from distributions import build


def pytest_addoption(parser):
    parser.addoption("--built", metavar="FOLDER", type=Path, help="look at the wheel and the source archive in there")
    parser.addoption("--tag", metavar="vVERSION", help="the tag that is to be released: all must be ready for it")


@pytest.fixture(scope="session")
def dist(request, tmp_path_factory):
    given = request.config.getoption("--built", None)
    return given.resolve() if given else build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def wheel(dist):
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def archive(dist):
    (path,) = dist.glob("*.tar.gz")
    return path
