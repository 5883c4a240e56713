"""The counter-programs of a page: what is noticed, what is not, and what has none."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "mutants"))

import counter_programs
from _ext.sources.pages import executed
from counter_programs import missing, read, survivors_of_counter_programs, trial_of
from forks import run_in_forks
from ledger import ROOT

PAGE = """
# Does a copy share memory?

```{code-cell} python
x = [1, 2]
y = list(x)
```

**Short answer.** No. A write to the copy leaves the other alone.

```{code-cell} python
y[0] = 7
assert len(x) == 2
for each in (x,):
    assert each == [1, 2]
```

## Why

The copy is as long.

```{code-cell} python
assert len(y) == len(x)
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(counter_programs, "FOLDER", tmp_path)
    path = tmp_path / "copies.md"
    path.write_text(PAGE, "utf-8")
    return path


def write(page, *entries):
    lines = [f"[[counter_program]]\n{entry}\n" for entry in entries]
    page.with_suffix(".toml").write_text("\n".join(lines), "utf-8")


SHARED = 'check = "assert each == [1, 2]"\ninstead_of = "y = list(x)"\nline = "y = x"'
LONGER = 'check = "assert len(y) == len(x)"\nline = "y.append(3)"'


def survivors(page):
    """Try in a process of its own, which the page may leave as it likes."""
    ((_, answer, _),) = run_in_forks({"page": lambda: survivors_of_counter_programs(page)})
    return answer


def test_a_check_that_fails_notices(page):
    write(page, SHARED, LONGER)
    assert survivors(page) == (2, [])


def test_a_check_that_holds_all_the_same_is_told(page):
    write(page, SHARED.replace("assert each == [1, 2]", "assert len(x) == 2"), LONGER)
    (said,) = survivors(page)[1]
    assert said == "copies.md: 'assert len(x) == 2' under 'y = x': nobody notices"


def test_an_error_is_no_failed_check(page):
    write(page, SHARED, LONGER.replace("y.append(3)", "del y"))
    (said,) = survivors(page)[1]
    assert said == (
        "copies.md: 'assert len(y) == len(x)' under 'del y': "
        "'assert len(y) == len(x)' raises NameError: name 'y' is not defined"
    )


def test_what_has_none_is_told(page, monkeypatch):
    claims = page.with_name("claims.toml")
    claims.write_text('[[claim]]\npage = "copies"\nsaid = "It does."\ncheck = "assert len(x) == 2"\n', "utf-8")
    monkeypatch.setattr(counter_programs, "CLAIMS", claims)
    assert list(missing(page)) == [
        "no counter-program for what 'Does a copy share memory?' says",
        "no counter-program for what 'Why' says",
        "no counter-program for the claim 'It does.'",
    ]
    write(page, SHARED.replace("assert each == [1, 2]", "assert len(x) == 2"), LONGER)
    assert list(missing(page)) == []


def test_entries_that_say_too_little_or_too_much_are_refused(page):
    write(page, 'check = "assert len(x) == 2"\nwith = "y = x"')
    with pytest.raises(ValueError, match=r"copies\.toml: an entry has the keys check, with; expected check, line"):
        read(page)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (LONGER.replace("len(y)", "len(z)"), r"no check begins with 'assert len\(z\) == len\(x\)'"),
        (SHARED.replace("y = list", "y = tuple"), r"'y = tuple\(x\)' stands 0 times before the check; expected once"),
    ],
)
def test_an_entry_that_fits_no_line_is_refused(page, entry, said):
    write(page, entry)
    with pytest.raises(ValueError, match=said):
        trial_of(read(page)[0], counter_programs.read_page(page))


@pytest.mark.parametrize("path", executed(ROOT).values(), ids=lambda path: path.stem)
def test_each_claim_of_a_page_has_one(path):
    assert list(missing(path)) == []
    blocks = counter_programs.read_page(path)
    assert all(trial_of(each, blocks).checked for each in read(path))
