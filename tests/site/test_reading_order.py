"""The order of sections and of their pages."""

import pytest
from _ext.sources.reading_order import SECTIONS, ReadingOrder, scripts_of, section_order


def test_the_reading_order_is_the_one_in_the_header(tmp_path):
    (tmp_path / "GALLERY_HEADER.rst").write_text("Title\n=====\n\n.. reading order: second first\n")
    order = ReadingOrder(str(tmp_path))
    assert sorted(["first.py", "second.py"], key=order) == ["second.py", "first.py"]
    with pytest.raises(ValueError, match="does not name third"):
        order("third.py")
    assert sorted(["x/papers", "x/broadcasting"], key=section_order) == ["x/broadcasting", "x/papers"]
    assert len(SECTIONS) == 8


def test_the_scripts_of_a_section_come_as_they_are_read(tmp_path):
    (tmp_path / "GALLERY_HEADER.rst").write_text("Title\n=====\n\n.. reading order: second first\n")
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").touch()
    assert [path.stem for path in scripts_of(tmp_path)] == ["second", "first"]
