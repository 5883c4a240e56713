"""What the tests of all explorers ask: tables of a report as data, which pages load a script, where a link leads."""


def as_data(part):
    """Return a part of a report of the library as an explorer has it: a sentence, or a table."""
    if isinstance(part, str):
        return part
    rows = [
        [(cell, "") if isinstance(cell, str) else (cell.text, " ".join(cell.classes)) for cell in row]
        for row in part.rows
    ]
    return {"caption": part.caption, "header": part.header, "rows": rows}


def pages_loading(built_site, script):
    """Return the pages of the site that load the script of an explorer."""
    return {
        path.relative_to(built_site).with_suffix("").as_posix()
        for path in built_site.rglob("*.html")
        if f"explorers/{script}" in path.read_text("utf-8")
    }


def opened_by_link(window, explorer):
    """Copy the link to what a reader put in, and return another window that follows it."""
    window.get_by_role("button", name="Copy link").click()
    window.get_by_role("button", name="Copied").wait_for()
    link = window.evaluate("navigator.clipboard.readText()")
    assert link == window.url
    other = explorer()
    other.goto("about:blank")
    other.goto(link)
    return other
