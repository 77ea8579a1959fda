# SPDX-License-Identifier: GPL-2.0
"""For Sphinx: "make htmldocs" calls it, with DEVRESET_KERNEL_SOURCE in the environment."""

import logging as python_logging
import os
import re
import shutil
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

TOP = Path(__file__).resolve().parent.parent
KERNEL = os.environ["DEVRESET_KERNEL_SOURCE"]
FILES = "files"
logger = logging.getLogger(__name__)

sys.path.insert(0, KERNEL + "/Documentation/sphinx")
extensions = ["kerneldoc"]
kerneldoc_bin = KERNEL + "/scripts/kernel-doc"
kerneldoc_srctree = str(TOP)

project = "devreset"
version = release = re.search(r'^#define DEVRESET_VERSION "(.*)"',
                              (TOP / "include/linux/devreset.h").read_text(), re.M)[1]
copyright = "the devreset maintainers"
primary_domain = "c"
highlight_language = "none"
# What the kernel has, and what is opaque
nitpick_ignore = [("c:identifier", name) for name in ("device", "devreset_dump", "size_t", "u32")]
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "fixed_sidebar": True}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}


def follow(app, doctree):
    """Links by file name, as one reads them in the source: to pages, or to copies of files."""
    for ref in doctree.traverse(nodes.reference):
        uri = ref.get("refuri", "")
        if not uri or "://" in uri:
            continue
        name, _, anchor = uri.partition("#")
        path = (Path(app.srcdir) / name).resolve()
        if not path.is_file() or TOP not in path.parents:
            logger.warning("there is no %s", name, location=ref)
        elif path.suffix == ".rst":
            ref["refuri"] = name[:-len(".rst")] + ".html" + ("#" + anchor if anchor else "")
        else:
            # With a name that browsers show, not save
            copy = Path(FILES) / (str(path.relative_to(TOP)) + ".txt")
            (Path(app.outdir) / copy).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, Path(app.outdir) / copy)
            ref["refuri"] = str(copy)


def is_no_tag(record):
    """Sphinx takes a function for a second one of a structure or enumeration of that name."""
    return not re.search(r"Duplicate C declaration.*\n.*(function:: .*\bdevreset_attempt "
                         r"|enum:: devreset_state)", record.getMessage())


def setup(app):
    """Called by Sphinx."""
    python_logging.getLogger("sphinx.sphinx.domains.c").addFilter(is_no_tag)
    app.connect("doctree-read", follow)
