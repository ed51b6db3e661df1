"""The landmark editor on a page of its own, in a Chromium, driven by mouse and keys.

On ComfyUI's node it is in test_landmark_editor.py.
"""

import base64
import io

import numpy as np
import pytest
import torch

from editor import find_browser
from landmark_hand import FIVE_CLICKS, Hand
from landmark_page import open_page
from tps_portrait.tps_core.landmark_files.json_file import faces_to_json
from tps_portrait.tps_core.landmarks import IBUG_PARTS, Landmarks, mean_face

BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

FOUND = ("ibug-68", (512, 512), 0.5, "embedded")
DETECTED = Landmarks(mean_face("ibug-68") * 0.3, "ibug-68", (512, 512), 0.75, "embedded")
SECOND = Landmarks(mean_face("ibug-68") * 0.2 + 0.6, *FOUND)
# On the person's face, and half as large again.
WRONG = Landmarks(mean_face("ibug-68") * 0.3 + torch.tensor([-0.05, -0.4]), *FOUND)
FACE, OTHER_FACE, WRONG_FACE = faces_to_json([DETECTED, SECOND, WRONG], DETECTED.size)["faces"]
POINTS = np.array(FACE["points"])
OPEN = """async ({ url, faces }) => {
  const { LandmarkEditor } = await import('/landmark_editor.js');
  document.body.innerHTML = '<div style="width: 800px; height: 640px"></div>';
  window.told = [];
  window.editor = new LandmarkEditor(document.body.firstChild, {
    onChange: faces => told.push(faces),
    onNext: () => told.push('next'),
  });
  await editor.show(url, [512, 512], faces);
}"""


@pytest.fixture(scope="module")
def page():
    with open_page(BROWSER) as opened:
        yield opened


@pytest.fixture(scope="module")
def picture(portrait):
    """The portrait as an address."""
    file = io.BytesIO()
    portrait.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@pytest.fixture
def hand(page, picture):
    """A hand in an editor that shows the portrait with FACE."""
    return open_with(page, picture, [FACE])


@pytest.fixture
def empty_hand(page, picture):
    """A hand in an editor that shows the portrait without a face."""
    return open_with(page, picture, [])


def open_with(page, picture, faces):
    page.evaluate(OPEN, {"url": picture, "faces": faces})
    return Hand(page)


def place(hand):
    hand.press("add")
    for point in FIVE_CLICKS:
        hand.click(point)


def points(hand, face=0):
    return np.array(hand.faces()[face]["points"])


def told(hand):
    return hand.page.evaluate("told")


def moved_points(hand):
    """Which points are not where they were detected."""
    return np.flatnonzero(np.abs(points(hand) - POINTS).max(1) > 0).tolist()


def test_a_face_that_nobody_touched_comes_back_as_it_was(hand):
    assert hand.faces() == [FACE]
    assert told(hand) == []


def test_five_clicks_place_a_face(empty_hand):
    assert empty_hand.state() == "placing"
    for point in FIVE_CLICKS:
        assert empty_hand.faces() == []
        empty_hand.click(point)
    (face,) = empty_hand.faces()
    assert (face["scheme"], face["score"], face["detector"]) == ("ibug-68", 1, "hand")
    np.testing.assert_allclose(np.array(face["points"])[[30, 48, 54]], FIVE_CLICKS[2:], atol=0.6)
    x, y = np.array(face["points"]).T
    assert face["box"] == [x.min(), y.min(), x.max(), y.max()]
    assert told(empty_hand) == [[face]]
    assert empty_hand.state() == "ready"


def test_every_click_can_be_undone(empty_hand):
    for point in FIVE_CLICKS:
        empty_hand.click(point)
    (face,) = empty_hand.faces()
    for _ in FIVE_CLICKS:
        empty_hand.page.keyboard.press("Control+z")
    assert empty_hand.page.locator(".tps-landmarks .mark").count() == 0
    for _ in FIVE_CLICKS:
        empty_hand.page.keyboard.press("Control+y")
    assert empty_hand.faces() == [face]


def test_a_point_is_dragged_alone(hand):
    hand.drag(POINTS[8], POINTS[8] + [10, 20])
    assert moved_points(hand) == [8]
    np.testing.assert_allclose(points(hand)[8], POINTS[8] + [10, 20], atol=0.01)
    (change,) = told(hand)
    assert change == hand.faces()
    assert change[0]["detector"] == "hand"


@pytest.mark.parametrize("part", IBUG_PARTS)
def test_shift_drags_the_part(hand, part):
    indices = range(68)[IBUG_PARTS[part]]
    start = POINTS[indices[1]]
    hand.drag(start, start + np.array([7, -5]), key="Shift")
    assert moved_points(hand) == [*indices]
    np.testing.assert_allclose(points(hand)[indices] - POINTS[indices], [[7, -5]] * len(indices),
                               atol=0.02)  # fmt: skip


def test_ctrl_drags_the_whole_face(hand):
    hand.drag(POINTS[30] + [5, 25], POINTS[30] + [35, 35], key="Control")
    np.testing.assert_allclose(points(hand) - POINTS, [[30, 10]] * 68, atol=0.02)


def test_the_buttons_do_what_the_held_keys_do(hand):
    hand.press("part")
    hand.drag(POINTS[8], POINTS[8] + [0, 9])
    assert moved_points(hand) == [*range(17)]


def test_what_was_touched_last_is_moved_and_turned_by_keys(hand):
    hand.drag(POINTS[48], POINTS[48] + [4, 0], key="Shift")
    before = points(hand)
    hand.page.keyboard.press("ArrowLeft")
    hand.page.keyboard.press("Shift+ArrowDown")
    np.testing.assert_allclose(points(hand)[48:] - before[48:], [[-1, 10]] * 20, atol=0.01)
    hand.page.keyboard.press("e")
    left, right = points(hand)[[48, 54]]
    assert right[1] - left[1] > before[54, 1] - before[48, 1] + 1  # turned clockwise
    assert moved_points(hand) == [*range(48, 68)]


def test_undoing_everything_leaves_the_face_to_its_detector(hand):
    hand.drag(POINTS[8], POINTS[8] + [10, 20])
    hand.drag(POINTS[36], POINTS[36] + [-5, 0])
    hand.press("undo")
    hand.press("undo")
    assert hand.faces() == [FACE]
    assert told(hand)[-1] == [FACE]
    assert hand.page.locator('[data-action="undo"]').is_disabled()


def test_reset_goes_back_and_can_be_undone(hand):
    hand.drag(POINTS[8], POINTS[8] + [10, 20])
    dragged = hand.faces()
    hand.press("reset")
    assert hand.faces() == [FACE]
    hand.press("undo")
    assert hand.faces() == dragged


def test_a_face_is_added_to_others_and_deleted(page, picture):
    hand = open_with(page, picture, [OTHER_FACE])
    place(hand)
    kept, placed = hand.faces()
    assert (kept, placed["detector"]) == (OTHER_FACE, "hand")
    hand.page.keyboard.press("Delete")
    assert hand.faces() == [OTHER_FACE]


def test_five_clicks_replace_a_wrong_face_that_was_found_there(page, picture):
    hand = open_with(page, picture, [WRONG_FACE, OTHER_FACE])
    place(hand)
    kept, placed = hand.faces()
    assert (kept, placed["detector"]) == (OTHER_FACE, "hand")
    np.testing.assert_allclose(placed["points"][30], FIVE_CLICKS[2], atol=0.6)
    hand.press("undo")
    assert hand.faces() == [WRONG_FACE, OTHER_FACE]


def test_of_two_faces_the_one_that_is_touched_is_changed(page, picture):
    hand = open_with(page, picture, [FACE, OTHER_FACE])
    chin = np.array(OTHER_FACE["points"][8])
    hand.drag(chin, chin + np.array([0, 6]))
    first, second = hand.faces()
    assert first == FACE
    assert second["detector"] == "hand"


def test_zooming_and_moving_the_picture_moves_no_point_and_grows_no_dot(hand):
    hand.press("fit face")  # on a small face dots are smaller
    dot = hand.page.locator('[data-point="33"]')  # not the one under the pointer
    size = dot.bounding_box()["width"]
    before = hand.on_page(POINTS[30])
    hand.page.mouse.move(*before)
    for _ in range(3):
        hand.page.mouse.wheel(0, -240)
    hand.page.wait_for_timeout(300)
    np.testing.assert_allclose(hand.on_page(POINTS[30]), before, atol=4)  # under the pointer
    far = np.subtract(hand.on_page(POINTS[31]), hand.on_page(POINTS[30]))
    assert np.abs(far).max() > 20
    assert dot.bounding_box()["width"] == pytest.approx(size, abs=1.5)
    hand.drag(POINTS[30] + [9, 9], POINTS[30] + [15, 9])
    assert hand.on_page(POINTS[30])[0] > before[0] + 20
    assert hand.faces() == [FACE]
    hand.drag(POINTS[30], POINTS[30] + [1.5, 0])
    np.testing.assert_allclose(points(hand)[30], POINTS[30] + [1.5, 0], atol=0.01)


def test_the_wheel_is_the_pages_until_the_editor_is_clicked(hand):
    before = hand.on_page(POINTS[8])
    hand.page.mouse.move(*before)
    hand.page.mouse.wheel(0, -240)
    hand.page.wait_for_timeout(200)
    assert hand.on_page(POINTS[8]) == before


def test_keys_go_back_to_the_page_when_something_else_is_clicked(hand):
    hand.click((20, 20))
    hand.page.mouse.click(850, 680)
    hand.page.keyboard.press("Delete")
    assert hand.faces() == [FACE]


def test_it_fills_the_window_and_goes_back(hand):
    hand.press("enlarge")
    wait_for_stage(hand, "width > 850")
    hand.drag(POINTS[8], POINTS[8] + [3, 3])
    assert moved_points(hand) == [8]
    hand.page.keyboard.press("Escape")
    wait_for_stage(hand, "width === 800")


def wait_for_stage(hand, condition):
    """Until its width is so: on a busy machine it isn't laid out at once."""
    measured = "const width = document.querySelector('.stage').getBoundingClientRect().width"
    hand.page.wait_for_function(f"() => {{ {measured}; return {condition} }}")


def test_the_keys_are_listed(hand):
    hand.press("help")
    assert "undo, redo" in hand.page.locator(".tps-landmarks .keys").inner_text()
    hand.page.keyboard.press("?")
    assert not hand.page.locator(".tps-landmarks .keys").is_visible()


def test_next_and_previous_are_the_pages_business(hand):
    hand.press("next")
    hand.page.keyboard.press("n")
    assert told(hand) == ["next", "next"]
    assert hand.page.locator('[data-action="previous"]').is_disabled()


def test_a_picture_that_is_not_there_is_said(page):
    message = page.evaluate("editor.show('/none.png', [9, 9], []).catch(e => e.message)")
    assert message == "/none.png: the picture can't be shown"
    assert Hand(page).state() == "empty"


def test_the_last_picture_asked_for_is_shown(page, picture):
    hand = open_with(page, picture, [])
    page.evaluate(
        "([url, face]) => Promise.allSettled([editor.show('/none.png', [9, 9], []), "
        "editor.show(url, [512, 512], [face])])",
        [picture, FACE],
    )
    assert hand.state() == "ready"
    assert hand.faces() == [FACE]
