"""What the scripts print: errors shown on purpose, measured figures."""

import pytest

from tensorglass import measured, shows_error


def test_prints_the_expected_error(capsys):
    with shows_error(ValueError, match=r"so+n"):
        raise ValueError("too soon")
    assert capsys.readouterr().out == "ValueError: too soon\n"


def test_accepts_any_of_several_types_and_their_subclasses(capsys):
    with shows_error(TypeError, LookupError, match="key"):
        raise KeyError("key")
    assert capsys.readouterr().out == "KeyError: 'key'\n"


def test_fails_if_nothing_is_raised(capsys):
    with pytest.raises(AssertionError, match=r"expected ValueError or TypeError, but nothing was raised$"):
        with shows_error(ValueError, TypeError, match=""):
            pass
    assert capsys.readouterr().out == ""


def test_fails_on_another_type(capsys):
    with pytest.raises(AssertionError, match="expected ValueError, got TypeError: other") as failure:
        with shows_error(ValueError, match=""):
            raise TypeError("other")
    assert isinstance(failure.value.__cause__, TypeError)
    assert capsys.readouterr().out == ""


def test_fails_on_another_message(capsys):
    with pytest.raises(AssertionError, match="expected a message that matches 'soon', got 'too late'"):
        with shows_error(ValueError, match="soon"):
            raise ValueError("too late")
    assert capsys.readouterr().out == ""


def test_leaves_an_interruption_alone():
    with pytest.raises(KeyboardInterrupt), shows_error(ValueError, match=""):
        raise KeyboardInterrupt


def test_needs_a_type_and_a_message():
    with (
        pytest.raises(
            TypeError, match=r"^shows_error.. got no exception type; expected at least one, such as RuntimeError$"
        ),
        shows_error(match=""),
    ):
        pass
    with pytest.raises(TypeError, match="match"):
        shows_error(ValueError)


def test_measured_is_plain_text_in_an_ordinary_run(monkeypatch):
    monkeypatch.delenv("TENSORGLASS_MARK_MEASURED", raising=False)
    assert measured(1.5) == "1.5"


def test_measured_is_marked_when_the_site_is_built(monkeypatch):
    monkeypatch.setenv("TENSORGLASS_MARK_MEASURED", "1")
    assert measured("12 ms") == "\ue00012 ms\ue001"
