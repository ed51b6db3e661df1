"""Pictures in another size, channel by channel."""

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.tps_core.geometry.resize import resized


@pytest.mark.parametrize("layout", ["planes", "side by side"])
@pytest.mark.parametrize(
    ("size", "mode", "antialias"),
    [((9, 7), "bilinear", True), ((40, 61), "bicubic", True), ((5, 4), "area", False)],
)
def test_each_channel_is_what_torch_makes_of_all_of_them(layout, size, mode, antialias):
    picture = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    if layout == "side by side":
        picture = picture.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    expected = F.interpolate(picture[None], size, mode=mode, antialias=antialias)[0]
    torch.testing.assert_close(resized(picture, size, mode, antialias), expected)


def test_no_call_of_torch_works_on_more_than_one_channel(monkeypatch):
    seen, interpolate = [], F.interpolate

    def counted(picture, *how, **also):
        seen.append(picture.shape[:2].numel())
        return interpolate(picture, *how, **also)

    monkeypatch.setattr(F, "interpolate", counted)
    resized(torch.rand(4, 8, 8), (16, 16))
    assert seen == [1, 1, 1, 1]
