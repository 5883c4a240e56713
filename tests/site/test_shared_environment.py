"""The environment of the chores: which build of torch it has and why, and when it is made anew."""

import http.server
import socket
import ssl
import sys
import threading
import time
import urllib.error
from pathlib import Path

import pytest
from places import ROOT
from test_noxfile import RefusedError, Session

sys.path.append(str(ROOT))

from chores import environment, torch_build

REACHED, LOST = (lambda address: ""), (lambda address: "nobody is there")


@pytest.fixture(autouse=True)
def linux_without_gpu(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_TORCH", raising=False)
    monkeypatch.setattr(torch_build.sys, "platform", "linux")
    monkeypatch.setattr(torch_build, "gpu_names", list)
    monkeypatch.setattr(torch_build, "unreachable", REACHED)


def test_without_a_gpu_the_cpu_build_is_taken_and_it_is_told_how_to_choose_another():
    build = torch_build.choose()
    assert build.kind == "cpu"
    assert build.source == ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]
    assert build.told().startswith("torch: the build 'cpu' of https://download.pytorch.org/whl, since ")
    assert "TENSORGLASS_TORCH=pip" in build.told()
    assert "TENSORGLASS_TORCH=cpu" not in build.told()


def test_with_a_gpu_pip_finds_the_build_by_itself(monkeypatch):
    monkeypatch.setattr(torch_build, "gpu_names", lambda: ["A GPU"])
    build = torch_build.choose()
    assert (build.kind, build.source, build.warning) == ("pip", [], "")
    assert "the driver finds a GPU here, A GPU" in build.told()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_where_pip_finds_the_cpu_build_anyway_nobody_is_asked(monkeypatch, system):
    monkeypatch.setattr(torch_build.sys, "platform", system)
    monkeypatch.setattr(torch_build, "unreachable", None)
    assert torch_build.choose().source == []


def test_where_the_builds_cannot_be_reached_pip_takes_what_it_finds_with_a_warning(monkeypatch):
    monkeypatch.setattr(torch_build, "unreachable", LOST)
    build = torch_build.choose()
    assert (build.kind, build.source) == ("pip", [])
    assert "cannot be reached: nobody is there" in build.warning


@pytest.mark.parametrize("name", ["cpu", "cu130", "rocm7.1", "pip"])
def test_the_variable_chooses(monkeypatch, name):
    monkeypatch.setenv("TENSORGLASS_TORCH", name)
    build = torch_build.choose()
    assert build.kind == name
    assert "since TENSORGLASS_TORCH says so" in build.told()
    monkeypatch.setattr(torch_build, "unreachable", LOST)
    if name == "pip":
        assert torch_build.choose().source == []
    else:
        with pytest.raises(
            ValueError, match=f"TENSORGLASS_TORCH is '{name}', and .* cannot be reached: nobody is there"
        ):
            torch_build.choose()


def test_a_variable_that_names_no_build_is_refused(monkeypatch):
    monkeypatch.setenv("TENSORGLASS_TORCH", "banana")
    with pytest.raises(ValueError, match="TENSORGLASS_TORCH is 'banana'; expected cpu, pip, or a folder of"):
        torch_build.asked_for()
    with pytest.raises(RefusedError, match="nothing was installed"):
        environment.is_made(Session())


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by the number in the path, or not at all."""

    def do_GET(self):
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_whether_an_address_can_be_reached_is_known_in_time(monkeypatch):
    monkeypatch.undo()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert torch_build.unreachable(f"{address}/200") == ""
        assert torch_build.unreachable(f"{address}/403") == "HTTP status 403"
        monkeypatch.setenv("http_proxy", address)  # which answers for every host, and does not know this one
        assert torch_build.unreachable("http://no-such-host.invalid/") != ""
        server.shutdown()
    monkeypatch.delenv("http_proxy")
    assert "refused" in torch_build.unreachable(address)
    monkeypatch.setattr(torch_build, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "timed out" in torch_build.unreachable(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_a_name_that_is_looked_up_for_ever_is_left(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(torch_build, "SECONDS", -0.9)  # and one more
    monkeypatch.setattr(torch_build, "_problem", lambda address: time.sleep(60))
    assert torch_build.unreachable("http://example.invalid/").startswith("no answer in")


def test_whom_to_trust_is_left_to_pip(monkeypatch):
    monkeypatch.undo()

    def distrust(address, timeout):
        raise urllib.error.URLError(ssl.SSLCertVerificationError("self-signed certificate"))

    monkeypatch.setattr(torch_build.urllib.request, "urlopen", distrust)
    assert torch_build.unreachable("https://example.invalid/") == ""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project in which there is no environment yet."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("")
    made = tmp_path / ".nox/env"
    names = {"ROOT": tmp_path, "ENVIRONMENT": made, "PYTHON": made / "python", "MADE_FROM": made / "made-from"}
    for name, path in names.items():
        monkeypatch.setattr(environment, name, path)
    monkeypatch.setattr(environment, "described", lambda: "Python")
    return tmp_path


class Installs(Session):
    """A session whose first command makes the environment."""

    def run(self, *command, **options):
        environment.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        environment.PYTHON.touch()
        super().run(*command, **options)


def test_the_environment_is_made_once_and_says_what_it_does(folder):
    session = Installs()
    assert not environment.is_made(session)
    assert environment.python(session) == environment.python(session) == str(environment.PYTHON)
    create, torch, others = session.ran
    assert "virtualenv" in create
    assert torch[1:] == (*environment.INSTALL, "torch", "--extra-index-url", "https://download.pytorch.org/whl/cpu")
    assert ".[plot]" in others
    assert "--extra-index-url" not in others
    begins, chosen, ends = session.said
    assert begins.startswith(f"making the environment {Path('.nox/env')} with Python ")
    assert chosen == torch_build.choose().told()
    assert ends == "made: Python"


@pytest.mark.parametrize(("asked", "is_made"), [("", True), ("cpu", True), ("pip", False), ("cu130", False)], ids=str)
def test_it_is_made_anew_for_another_build_that_is_asked_for(folder, monkeypatch, asked, is_made):
    environment.python(Installs())
    monkeypatch.setenv("TENSORGLASS_TORCH", asked)
    assert environment.is_made(Session()) is is_made


def test_it_is_made_anew_when_what_it_is_made_from_changes(folder):
    environment.python(Installs())
    (folder / "constraints.txt").write_text("torch==1")
    assert not environment.is_made(Session())
    session = Installs(fails=1)
    with pytest.raises(RefusedError, match="the environment could not be made: see the last lines above"):
        environment.python(session)
    assert len(session.ran) == 1
    assert not environment.is_made(Session())


def test_what_cannot_be_reached_is_warned_of_and_installed_all_the_same(folder, monkeypatch):
    monkeypatch.setattr(torch_build, "unreachable", LOST)
    session = Installs()
    environment.python(session)
    assert any("cannot be reached: nobody is there" in each for each in session.said)
    assert len(session.ran) == 2  # torch comes with all others
    assert not any("--extra-index-url" in command for command in session.ran)


def test_the_pinned_torch_admits_a_build_of_that_version():
    """What `-c constraints.txt` asks for, by the rule that pip goes by."""
    from packaging.specifiers import SpecifierSet

    (pinned,) = [line for line in (ROOT / "constraints.txt").read_text("utf-8").split() if line.startswith("torch==")]
    version = pinned.removeprefix("torch==")
    assert f"{version}+cpu" in SpecifierSet(f"=={version}")
