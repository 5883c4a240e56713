"""The first line of the report, and rows that several parameters share."""

from tensorglass import Initialization
from tensorglass.initialization.account import InitializedParameter


def left(name, why):
    return InitializedParameter(name, (2,), f"left alone: {why}", None, None)


def test_of_many_reasons_the_most_frequent_are_told():
    reasons = ["frozen", "frozen", "b", "c", "d", "e", "f"]
    report = Initialization(tuple(left(f"p{at}", why) for at, why in enumerate(reasons)))
    line = "0 of 7 parameters initialized, 7 left alone: 2 frozen, 1 b, 1 c, 1 d, 1 e, 1 f"
    assert str(report).splitlines()[0] == line
    more = Initialization((*report.parameters, left("p7", "g"), left("p8", "h, tied with p9")))
    assert str(more).splitlines()[0] == line.replace("7", "9") + ", 2 for other reasons"


def test_rows_are_shared_by_what_is_alike():
    rows = [InitializedParameter(f"a.{at}.w1", (2, 2), "kaiming", 0.5, 0.4, "hidden") for at in range(40)]
    rows += [InitializedParameter("a.40.w1", (2, 2), "kaiming", 0.25, 0.4, "hidden")]
    rows += [InitializedParameter("a.41.w1", (2, 3), "kaiming", 0.5, 0.4, "hidden")]
    lines = str(Initialization(tuple(rows))).splitlines()
    assert [line.split()[:2] for line in lines[6:]] == [["a.*.w1", "40"], ["a.*.w1", "1"], ["a.*.w1", "1"]]


def test_truth():
    drawn = InitializedParameter("w", (2, 2), "kaiming", 0.5, 0.4)
    unknown = InitializedParameter("v", (2, 2), "left alone: no rule for Own", None, None)
    vector = InitializedParameter("u", (2,), "left alone: no rule for Own", None, None)
    assert Initialization((drawn, vector, left("f", "frozen"))).ok
    assert not Initialization((drawn, unknown)).ok
    assert not Initialization((vector,)).ok
    assert not Initialization(()).ok
