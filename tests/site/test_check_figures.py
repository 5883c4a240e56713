"""The figures of the checks: what the ledger says, added up."""

import json

from _ext.lists import check_figures


def test_the_table_of_checks_adds_up_the_ledger(tmp_path):
    build = {"pages": 20, "claims": 200, "checks": 1000, "exercises": 40}
    places = {"planted": 9, "killed": 8, "equivalent": 1, "survived": 0}
    ledger = [
        {"unit": "browser index", "date": "2026-01-04"},
        {"unit": "browser search", "date": "2026-01-04"},
        {"unit": "counter-programs of unsqueeze", "date": "2026-01-02", **places},
        {"unit": "mutants of views", "date": "2026-01-01", **places},
        {"unit": "mutants of views", "date": "2026-01-03", **places},  # of another branch: one of the two counts
        {"unit": "mutants of watching", "date": "2026-01-02", **places},
        {"unit": "quick tests of the library", "date": "2026-01-02", "tests": 2100, "comparisons": 54321},
    ]
    (tmp_path / "tests").mkdir()
    (tmp_path / check_figures.LEDGER).write_text("".join(f"{json.dumps(line)}\n" for line in ledger), "utf-8")
    table = check_figures.rows(build, check_figures.read_ledger(tmp_path))
    assert table[2] == ("checks on the pages: asserts, comparisons, expected errors", "1,000", "in this build")
    assert [row[1:] for row in table[4:6]] == [("2,100", "2026-01-02"), ("54,321", "2026-01-02")]
    assert [row[1] for row in table[6:10]] == ["18", "16", "2", "0"]
    assert {row[2] for row in table[6:10]} == {"2026-01-02 to 2026-01-03"}
    assert [row[1] for row in table[10:12]] == ["9", "8"]
    assert table[12:] == [("pages looked at in a browser, in both themes, wide and narrow", "2", "2026-01-04")]


def test_without_a_ledger_nothing_is_said_of_other_checks(tmp_path):
    build = {"pages": 20, "claims": 200, "checks": 1000, "exercises": 40}
    assert len(check_figures.rows(build, check_figures.read_ledger(tmp_path))) == 4
