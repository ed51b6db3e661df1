"""Who is answered by the review of a face bank in the WebUI, with stand-ins for it."""

from types import SimpleNamespace

import pytest

import webui_stand_ins

HERE = {"host": "127.0.0.1:7860"}
BEHIND_A_PROXY = HERE | {"origin": "https://art.example"}


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    """With a review that was begun."""
    webui_stand_ins.lend(monkeypatch, tmp_path)
    found = webui_stand_ins.load("reviews")
    found.begin(SimpleNamespace())
    return found


@pytest.mark.parametrize(
    ("headers", "is_answered"),
    [
        (HERE, True),
        (HERE | {"origin": "http://127.0.0.1:7860"}, True),
        (BEHIND_A_PROXY | {"sec-fetch-site": "same-origin"}, True),
        (BEHIND_A_PROXY, False),
        (BEHIND_A_PROXY | {"sec-fetch-site": "cross-site"}, False),
        (HERE | {"origin": "null"}, False),
        (HERE | {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-site"}, False),
    ],
)
def test_another_site_is_not_answered_and_a_page_behind_a_proxy_is(reviews, headers, is_answered):
    token = reviews.address().split("/")[-2]
    request = SimpleNamespace(headers=headers)
    assert (reviews._behind(token, request) is not None) == is_answered
    assert reviews._behind("wrong", request) is None
