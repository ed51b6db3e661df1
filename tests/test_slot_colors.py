"""The slots of our own types have colours, which a palette that doesn't name them leaves."""

import pytest

from editor import find_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine"),
]

COLORS = """(given) => {
    const { canvas } = app;
    const tables = [canvas.default_connection_color_byType, canvas.constructor.link_type_colors];
    if (given !== null) for (const table of tables) Object.assign(table, { TPS_STYLE: given });
    const page = getComputedStyle(document.documentElement);
    const shown = page.getPropertyValue("--color-datatype-TPS_STYLE");
    return [...tables.map((table) => table.TPS_STYLE), shown.trim()];
}"""


def test_our_types_have_colours_whatever_palette_is_chosen(editor):
    own = editor.page.evaluate(COLORS, None)
    assert own == ["#8fb06a"] * 3
    assert editor.page.evaluate(COLORS, "") == own  # as a palette does that doesn't name it
    assert editor.page.evaluate(COLORS, "#123456")[:2] == ["#123456"] * 2
    assert editor.page.evaluate(COLORS, "") == own
