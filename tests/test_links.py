"""Pages lead to files that are there."""

import re
import urllib.parse

import pytest

from comfyui import PACK

PAGES = [*PACK.glob("*.md"), *PACK.glob("docs/*.md"), PACK / "styles" / "README.md"]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PACK).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page):
    for target, _ in LINK.findall(page.read_text("utf-8")):
        if not urllib.parse.urlsplit(target).scheme:
            assert (page.parent / urllib.parse.unquote(target)).exists(), target
