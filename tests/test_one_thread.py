"""Work that torch does in one thread."""

import pytest
import torch

from tps_portrait.tps_core import detect as module
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.detectors.table import BY_NAME, Detector
from tps_portrait.tps_core.one_thread import one_thread
from tps_portrait.tps_core.tracking import follower
from tps_portrait.tps_core.tracking.follower import Follower


@pytest.fixture(autouse=True)
def three_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(threads)


def test_afterwards_there_are_as_many_as_before():
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_an_error_leaves_as_many_as_before_too():
    with pytest.raises(ValueError, match="no"), one_thread():
        raise ValueError("no")
    assert torch.get_num_threads() == 3


def test_faces_are_looked_for_in_one_thread(monkeypatch):
    seen = []

    def find(*_):
        seen.append(torch.get_num_threads())
        return []

    monkeypatch.setitem(BY_NAME, "art", Detector(find))
    monkeypatch.setattr(module, "_detect_auto", find)
    detect(torch.zeros(3, 8, 8))
    detect(torch.zeros(3, 8, 8), "art")
    assert seen == [1, 1]
    assert torch.get_num_threads() == 3


def test_faces_are_followed_in_one_thread(monkeypatch):
    seen = []
    monkeypatch.setattr(follower, "detect", lambda *_: seen.append(torch.get_num_threads()) or [])
    Follower()(torch.zeros(3, 8, 8))
    assert seen == [1]
    assert torch.get_num_threads() == 3
