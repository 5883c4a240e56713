"""The configuration of the site. It imports neither torch nor tensorglass: an idle build must stay fast."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _ext.publishing import inventories  # noqa: E402 - it is found through the line above

os.environ["TENSORGLASS_MARK_MEASURED"] = "1"  # for scripts and for the notebooks' kernel

# Where the site and its repository live, each given here or by a variable, without a slash at the end. What needs an
# address that is not given (links to the source, Colab, the sitemap, previews) is left out.
site_address = os.environ.get("TENSORGLASS_SITE_ADDRESS", "").rstrip("/")
repository = os.environ.get("TENSORGLASS_REPOSITORY", "").rstrip("/")
notebooks = os.environ.get("TENSORGLASS_NOTEBOOKS", "").rstrip("/")  # the built site's folder in a branch on GitHub

project = "tensorglass"
author = "the tensorglass authors"
copyright = "the tensorglass authors"  # noqa: A001 - Sphinx's name
release = re.search(r'__version__ = "(.*)"', (HERE / "../src/tensorglass/__init__.py").read_text("utf-8"))[1]

extensions = [
    "myst_nb",
    "sphinx.ext.intersphinx",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "_ext",
]

# The gallery writes a notebook beside each page; MyST-NB would take it for the page itself.
exclude_patterns = ["_build", "_ext", "auto_examples/**.ipynb", "auto_examples/**.py", "jupyter_execute"]

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": "",  # run every script, whatever its name
    "subsection_order": "_ext.sources.reading_order.section_order",
    "within_subsection_order": "_ext.sources.reading_order.ReadingOrder",
    "image_scrapers": ["_ext.runs.gallery.scrape_figures", "_ext.runs.gallery.keep_reproduction"],
    "reset_modules": ["_ext.runs.gallery.around_example", "_ext.runs.gallery.reset"],
    "reset_modules_order": "both",
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib\.",  # a title that ends a block is no output
    "remove_config_comments": True,
    "min_reported_time": 1e9,  # each page says what it ran on in its own words
    "write_computation_times": False,
    "show_signature": False,
    "css": [],  # the site's own sheet styles what the gallery makes
    "backreferences_dir": None,
}

intersphinx_mapping = inventories.mapping(Path("inventories"))  # where the names in code lead to

nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_merge_streams = True  # what a cell prints is one output; in pieces, it would depend on the kernel's timing
myst_enable_extensions = ["colon_fence", "dollarmath", "substitution"]

myst_substitutions = {"wheel": f"`tensorglass-{release}-py3-none-any.whl`"}

# The reference. The library is imported when one of its pages is read, and never otherwise.
autodoc_class_signature = "separated"  # a result is never made by hand: how to make one is of no use
autodoc_default_options = {"exclude-members": "__init__, __new__"}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries = False  # the pages have headings
default_role = "py:obj"  # what docstrings have in single backticks is code, and a link where it is an entry
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = True
napoleon_custom_sections = [("Attributes", "params_style")]

html_theme = "furo"
html_title = "tensorglass"
html_favicon = "_static/mark.svg"
html_baseurl = site_address
html_context = {"site_address": site_address}
html_math_renderer = "drawn"
html_static_path = ["_static"]
html_css_files = ["tensorglass.css"]
html_js_files = [("tensorglass.js", {"defer": "defer"})]
templates_path = ["_templates"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .go"
copybutton_prompt_text = r">>> |\.\.\. |\.\.\.$|\$ "  # where a block has one of these, only such lines are copied
copybutton_prompt_is_regexp = True
copybutton_copy_empty_lines = False
tensorglass_notebooks = notebooks
tensorglass_repository = repository
tensorglass_summary = "Questions about tensors, answered by running them: every page is a script that was executed."
