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


def test_the_table_of_shared_rows():
    rows = tuple(
        InitializedParameter(f"blocks.{at}.weight", (2, 2), f"left alone: tied with head.{at}.weight", None, None)
        for at in range(41)
    )
    assert str(Initialization(rows)).split("\n\n", 1)[1] == (
        "Parameters, alike but for the numbers in their names\n\n"
        "parameter        number  shape   role  how                                  std\n"
        "---------------  ------  ------  ----  -----------------------------------  ---\n"
        "blocks.*.weight      41  (2, 2)        left alone: tied with head.*.weight"
    )


def test_reasons_are_counted_without_what_the_parameter_is_tied_with():
    report = Initialization((left("a", "frozen, tied with b"), left("c", "frozen")))
    assert str(report).splitlines()[0] == "0 of 2 parameters initialized, 2 left alone: 2 frozen"


def test_weights_of_other_libraries_are_counted_by_class():
    drawn = [InitializedParameter(f"w{at}", (2, 2), "kaiming", 0.5, 0.4, "hidden", "lib.Own") for at in range(2)]
    other = InitializedParameter("v", (2, 2), "kaiming", 0.5, 0.4, "hidden", "lib.Other")
    zero = InitializedParameter("b", (2,), "zero", None, 0.0, "", "lib.Own")
    plain = InitializedParameter("u", (2, 2), "kaiming", 0.5, 0.4, "hidden", "Linear")
    assert str(Initialization((*drawn, other, zero, plain))).splitlines()[0] == (
        "5 of 5 parameters initialized, 0 left alone; among them 2 weights of lib.Own; among them 1 weight of lib.Other"
    )


def test_a_parameter_has_no_role_and_no_layer_unless_told():
    parameter = InitializedParameter("w", (2, 2), "kaiming", 0.5, 0.4)
    assert (parameter.role, parameter.layer) == ("", "")


def test_truth():
    drawn = InitializedParameter("w", (2, 2), "kaiming", 0.5, 0.4)
    unknown = InitializedParameter("v", (2, 2), "left alone: no rule for Own", None, None)
    vector = InitializedParameter("u", (2,), "left alone: no rule for Own", None, None)
    assert Initialization((drawn, vector, left("f", "frozen"))).ok
    assert not Initialization((drawn, unknown)).ok
    assert not Initialization((vector,)).ok
    assert not Initialization(()).ok
