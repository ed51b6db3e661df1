"""The review: what each fix writes, who may ask for one, and the page in a browser."""

import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor import FLAGS, find_browser
from landmark_hand import FIVE_CLICKS, Hand
from tps_portrait.cli.review import HOST, MOST_CONNECTIONS, Server
from tps_portrait.tps_core.landmark_files.json_file import (
    faces_to_json,
    read_set_aside,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.training.banks.entry import EXCLUDED, GOOD, NO_FACE, SEVERAL, UNREADABLE
from tps_portrait.training.banks.review import Review
from tps_portrait.training.banks.scan import ScanOptions, scan_folder

SIZE = (300, 200)


def face_at(x, score=0.99, detector="embedded"):
    """A face of 100 px at x in a picture of SIZE."""
    points = mean_face("ibug-68") * 50
    points[:, 0] += x
    points[:, 1] += 100
    return Landmarks.from_pixels(points, SIZE, "ibug-68", score, detector)


@pytest.fixture
def folder(tmp_path):
    """Two faces in one picture, one in another, a picture of nothing, and a text."""
    rng = np.random.default_rng(0)
    for name in ("one.png", "two.png", "below/nothing.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = rng.integers(0, 255, (10, 15, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize(SIZE).save(tmp_path / name)
    write_sidecar(tmp_path / "one.png", [face_at(100)], SIZE)
    write_sidecar(tmp_path / "two.png", [face_at(90), face_at(210)], SIZE)
    (tmp_path / "notes.txt").write_text("not art")
    return tmp_path


@pytest.fixture
def review(folder):
    options = ScanOptions(64, "embedded", with_previews=True)
    return Review(folder, options, scan_folder(folder, options))


def entry(review, name):
    return review.entries[review.index_of(name)]


def test_the_folder_is_in_its_buckets(review):
    buckets = {e.name: e.bucket for e in review.entries}
    assert buckets == {
        "one.png": GOOD,
        "two.png": SEVERAL,
        "notes.txt": UNREADABLE,
        "below/nothing.png": NO_FACE,
    }


def test_an_excluded_picture_says_so_in_its_landmark_file_and_can_be_brought_back(review, folder):
    before = read_sidecar(folder / "one.png")
    assert review.fix("one.png", "exclude") == "one.png: excluded"
    assert read_sidecar(folder / "one.png") == []
    assert entry(review, "one.png").bucket == EXCLUDED
    assert not entry(review, "one.png").used
    review.fix("one.png", "include")
    (face,) = read_sidecar(folder / "one.png")
    assert face.detector == before[0].detector
    assert (face.points - before[0].points).abs().max() < 1e-3
    assert entry(review, "one.png").bucket == GOOD


def test_a_picture_without_a_landmark_file_has_none_after_it_was_brought_back(review, folder):
    review.fix("below/nothing.png", "exclude")
    assert read_sidecar(folder / "below/nothing.png") == []
    review.fix("below/nothing.png", "include")
    assert read_sidecar(folder / "below/nothing.png") is None


def test_another_face_is_chosen_and_the_first_one_kept(review, folder):
    review.fix("two.png", "choose", face=1)
    (face,) = read_sidecar(folder / "two.png")
    assert face.box_px[0] > 150
    assert len(read_set_aside(folder / "two.png")) == 1
    assert entry(review, "two.png").bucket == GOOD
    review.fix("two.png", "choose", face=1)  # the one that was the first
    (face,) = read_sidecar(folder / "two.png")
    assert face.box_px[0] < 100


def test_placed_points_are_the_points_used(review, folder):
    placed = faces_to_json([face_at(150, 1.0, "hand")], SIZE)["faces"]
    review.fix("below/nothing.png", "place", faces=placed)
    found = entry(review, "below/nothing.png")
    assert (found.used, found.bucket, found.detector) == (True, GOOD, "hand")
    written = json.loads(sidecar_path(folder / "below/nothing.png").read_text())
    assert written["faces"] == placed


def test_confirmed_points_are_a_persons(folder):
    write_sidecar(folder / "one.png", [face_at(100, score=0.6)], SIZE)
    options = ScanOptions(64, "embedded")
    review = Review(folder, options, scan_folder(folder, options))
    assert "only 60 % sure" in entry(review, "one.png").reason
    review.fix("one.png", "confirm")
    assert entry(review, "one.png").bucket == GOOD
    assert read_sidecar(folder / "one.png")[0].detector == "hand"


def test_undo_takes_one_fix_after_the_other_back_to_the_byte(review, folder):
    files = {p: p.read_bytes() for p in folder.rglob("*.json")}
    review.fix("one.png", "exclude")
    review.fix("two.png", "choose", face=1)
    review.fix("below/nothing.png", "exclude")
    assert [review.undo()[1].split(":")[0] for _ in range(3)] == [
        "below/nothing.png",
        "two.png",
        "one.png",
    ]
    assert {p: p.read_bytes() for p in folder.rglob("*.json")} == files
    with pytest.raises(ValueError, match="nothing to undo"):
        review.undo()


def test_a_fix_writes_nothing_but_the_landmark_file(review, folder):
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    review.fix("two.png", "exclude")
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert {p for p in after if after[p] != before.get(p)} == {sidecar_path(folder / "two.png")}
    assert after.keys() == before.keys()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (("../secret.png", "exclude"), "not one of the files"),
        (("/etc/passwd", "exclude"), "not one of the files"),
        (("notes.txt", "exclude"), "not a picture that can be shown"),
        (("one.png", "explode"), "unknown action"),
        (("one.png", "choose", 3), "no face of that number"),
        (("one.png", "place", 0, [{"points": [[1, 2]], "scheme": "ibug-68"}]), "no faces"),
        (("one.png", "place", 0, [7]), "no faces"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(request_, message, review, folder):
    before = {p: p.read_bytes() for p in folder.rglob("*.json")}
    with pytest.raises(ValueError, match=message):
        review.fix(*request_)
    assert {p: p.read_bytes() for p in folder.rglob("*.json")} == before
    assert review.fixes == []


def test_two_pictures_that_would_share_a_landmark_file_are_told_apart(folder):
    Image.open(folder / "one.png").save(folder / "one.webp")
    options = ScanOptions(64, "embedded")
    review = Review(folder, options, scan_folder(folder, options))
    with pytest.raises(ValueError, match="would share one landmark file; rename one"):
        review.fix("one.png", "exclude")


@pytest.fixture
def server(review):
    with Server(review, None, "Good bye.") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(url, body=None, **headers):
    """The status and the body of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_page_and_its_pictures_are_served(server):
    index = server.answers.review.index_of("one.png")
    for name in ("", "review.css", "review.js", "data.js", f"thumbs/{index:04d}.jpg"):
        assert ask(server.url + name)[0] == 200, name
    assert ask(server.url + f"full/{index:04d}.jpg")[1].startswith(b"\xff\xd8")
    root = server.url.split("/", 3)
    assert ask(f"{root[0]}//{root[2]}/web/landmark_editor.js")[0] == 200


@pytest.mark.parametrize(
    "place",
    [
        "../../etc/passwd",
        "..%2f..%2fpyproject.toml",
        "%2fetc%2fpasswd",
        "thumbs/../data.js",
        "full/-1.jpg",
        "full/99.jpg",
        "full/one.png",
        "/web/../pyproject.toml",
        "/web/..%2f..%2fpyproject.toml",
        "/web//etc/passwd",
    ],
)
def test_nothing_else_is_served(place, server):
    root = server.url.rsplit("/", 2)[0]
    url = root + place if place.startswith("/") else server.url + place
    assert ask(url)[0] == 404


def test_without_the_token_nothing_is_told_and_nothing_done(server, folder):
    root = server.url.rsplit("/", 2)[0]
    for place in ("/", "/data.js", "/wrong/data.js", "/wrong/"):
        assert ask(root + place)[0] == 403
    body = {"name": "one.png", "action": "exclude"}
    assert ask(f"{root}/wrong/fix", body)[0] == 403
    assert len(read_sidecar(folder / "one.png")) == 1


def test_another_site_can_ask_for_nothing(server, folder):
    body = {"name": "one.png", "action": "exclude"}
    assert ask(server.url + "fix", body, Origin="http://elsewhere.example")[0] == 403
    assert ask(server.url, Host="elsewhere.example")[0] == 403
    assert len(read_sidecar(folder / "one.png")) == 1


@pytest.mark.parametrize("body", [[], 7, {"name": "one.png"}, {"name": "a", "action": "exclude"}])
def test_a_senseless_request_is_refused_with_a_sentence(body, server):
    status, answer = ask(server.url + "fix", body)
    assert status == 400
    assert json.loads(answer)["error"]


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e999", "-1", "2", '"sure"', "null", "[]"])
def test_a_score_that_is_none_is_not_saved(score, server, folder):
    before = {p: p.read_bytes() for p in folder.rglob("*.json")}
    (face,) = faces_to_json([face_at(150)], SIZE)["faces"]
    body = json.dumps({"name": "one.png", "action": "place", "faces": [face | {"score": "SCORE"}]})
    status, answer = post(server.url + "fix", body.replace('"SCORE"', score).encode())
    assert status == 400
    assert "\n" not in json.loads(answer)["error"]
    assert {p: p.read_bytes() for p in folder.rglob("*.json")} == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 100_000, b"7" * 5000, b'{"name": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_is_no_request_is_refused_with_a_sentence(content, server):
    status, answer = post(server.url + "fix", content)
    assert status == 400
    assert "\n" not in json.loads(answer)["error"]


def post(url, content):
    """The status and the body of the answer to the bytes."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def connect(server, text=""):
    """A connection to the server, on which the text was sent."""
    connection = socket.create_connection((HOST, server.server_port), timeout=10)
    connection.sendall(text.format(server=server, host=f"{HOST}:{server.server_port}").encode())
    return connection


def threads_of(server):
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 4000001",
        "Content-Length: -1",
        "Content-Length: 9" + "9" * 5000,
        "Content-Length: 1e3",
        "Transfer-Encoding: chunked",
        "X-Long: " + "x" * 70_000,
        "\r\n".join(f"X-{number}: x" for number in range(200)),
    ],
    ids=lambda head: head[:25],
)
def test_a_request_that_is_too_long_is_refused_before_it_is_read(head, server):
    text = "POST /{server.answers.token}/fix HTTP/1.1\r\nHost: {host}\r\n" + head + "\r\n\r\n"
    with connect(server, text) as connection:
        assert int(connection.recv(100).split()[1]) in (400, 413, 431)


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "GET /{server.answers.token}/ HT",
        "GET /{server.answers.token}/ HTTP/1.1\r\nHost: {host}\r\n",
        "POST /{server.answers.token}/fix HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n\r\n{{",
    ],
)
def test_who_does_not_come_to_an_end_is_hung_up_on(begun, server, monkeypatch):
    monkeypatch.setattr("tps_portrait.cli.review.LONGEST_WAIT", 0.3)
    with connect(server, begun) as connection:
        assert not connection.recv(100).startswith(b"HTTP/1.1 200")
    wait_for(lambda: threads_of(server) == 0)
    assert server.waiting == {}


def test_sending_byte_by_byte_buys_no_time(server, monkeypatch):
    monkeypatch.setattr("tps_portrait.cli.review.LONGEST_WAIT", 0.5)

    def send_slowly(connection):
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    with connect(server) as connection, pytest.raises(ConnectionError):
        send_slowly(connection)


def test_slow_clients_take_no_more_threads_than_there_are_and_the_page_goes_on(server):
    with ExitStack() as stack:
        for _ in range(3 * MOST_CONNECTIONS):
            stack.enter_context(connect(server, "GET /"))
        assert ask(server.url)[0] == 200
        assert threads_of(server) <= MOST_CONNECTIONS
    wait_for(lambda: threads_of(server) == 0)
    assert ask(server.url)[0] == 200


def test_who_takes_no_answer_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr("tps_portrait.cli.review.Handler.timeout", 0.3)
    monkeypatch.setattr(
        "tps_portrait.training.banks.review_answers.ReviewAnswers._data",
        lambda self: "x" * 30_000_000,
    )
    with connect(server, "GET /{server.answers.token}/data.js HTTP/1.1\r\nHost: {host}\r\n\r\n"):
        wait_for(lambda: threads_of(server) == 1)
        wait_for(lambda: threads_of(server) == 0)


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def wait_for(happens):
    end = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


BROWSER = find_browser()


@pytest.fixture
def page(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url)
        yield page
        chromium.close()
    assert errors == []


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_person_works_through_the_page(page, server, folder):
    def open_card(name):
        page.locator(f'.card[title^="{name}"]').click()

    def settled():
        page.wait_for_function("() => !busy")

    page.wait_for_selector(".card")
    assert [" ".join(h.split()) for h in page.locator(".bucket h2").all_inner_texts()] == [
        "Several faces 1 used",
        "No face 1 left out",
        "Not a picture 1 left out",
        "Good 1 used",
    ]
    _screenshot(page, "review sheet")

    open_card("one.png")
    page.get_by_role("button", name="Exclude this picture").click()
    settled()
    page.wait_for_selector("#excluded")
    assert read_sidecar(folder / "one.png") == []
    page.keyboard.press("z")
    settled()
    assert len(read_sidecar(folder / "one.png")) == 1
    assert page.locator("#facts h2").inner_text() == "one.png"
    page.keyboard.press("Escape")

    open_card("two.png")
    _screenshot(page, "review of several faces")
    page.keyboard.press("2")
    settled()
    assert read_sidecar(folder / "two.png")[0].box_px[0] > 150
    page.locator(".choice", has_text="1").click()
    settled()
    assert read_sidecar(folder / "two.png")[0].box_px[0] < 100
    page.keyboard.press("Escape")

    open_card("below/nothing.png")
    page.keyboard.press("e")
    hand = Hand(page)
    hand.wait_for("placing")
    for point in FIVE_CLICKS:
        hand.click(point)
    hand.wait_for("ready")
    _screenshot(page, "review editor")
    page.get_by_role("button", name="Save the points").click()
    settled()
    (face,) = read_sidecar(folder / "below/nothing.png")
    assert face.detector == "hand"
    nose_tip, mouth_corner = face.points_px[[30, 54]].tolist()
    assert nose_tip == pytest.approx(FIVE_CLICKS[2], abs=0.1)
    assert mouth_corner == pytest.approx(FIVE_CLICKS[4], abs=0.1)
    page.keyboard.press("Escape")

    # From picture to picture in the editor, what was changed being saved.
    open_card("one.png")
    page.keyboard.press("e")
    hand.wait_for("ready")
    before = read_sidecar(folder / "one.png")[0].points_px
    tip = before[30].tolist()
    hand.drag(tip, (tip[0] + 20, tip[1]))
    page.keyboard.press("n")
    page.get_by_text("one.png: the points are saved").wait_for()
    hand.wait_for("ready", "placing")
    assert page.locator("#facts h2").inner_text() == "two.png"
    after = read_sidecar(folder / "one.png")[0].points_px
    assert (after - before)[30].tolist() == pytest.approx([20, 0], abs=0.1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Done").click()
    page.get_by_text("Good bye.").wait_for()


def _screenshot(page, name):
    if chosen := os.environ.get("TPS_PORTRAIT_SCREENSHOTS"):
        Path(chosen).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(chosen) / f"{name}.png")
