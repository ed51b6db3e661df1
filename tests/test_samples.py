import pytest
import torch

from tps_portrait.training.banks.contact_sheet import sample_strip
from tps_portrait.training.learn.samples import FILE, Samples

PHOTOS = torch.zeros(2, 3, 8, 8)


class Step:
    def __init__(self, number):
        self.number = number

    def paint(self, pictures):
        return pictures + self.number / 255


def strip_of(*steps):
    return sample_strip([PHOTOS, *(PHOTOS + step / 255 for step in steps)])


@pytest.fixture
def kept(tmp_path):
    """A folder with the samples of a training that came to step 8."""
    samples = Samples(PHOTOS, tmp_path)
    for step in (2, 4, 8):
        samples.add(Step(step))
    return tmp_path


def going_on(folder, step, photos=PHOTOS):
    samples = Samples(photos, folder)
    samples.begin(Step(step))
    return samples


def test_a_training_that_goes_on_shows_how_it_came_along_from_its_beginning(kept):
    samples = going_on(kept, 8)
    samples.add(Step(8))
    samples.add(Step(16))
    assert torch.equal(samples.strip(), strip_of(2, 4, 8, 16))


@pytest.mark.parametrize(
    ("step", "shown"), [(1, ()), (3, (2,)), (8, (2, 4))], ids=["over", "back", "at the end"]
)
def test_what_was_painted_after_the_step_that_it_goes_on_from_is_forgotten(kept, step, shown):
    assert torch.equal(going_on(kept, step).strip(), strip_of(*shown))


def test_the_strip_can_end_with_how_it_is_now(kept):
    samples = going_on(kept, 5)
    assert torch.equal(samples.strip(Step(5)), strip_of(2, 4, 5))
    samples.add(Step(6))
    assert torch.equal(samples.strip(Step(6)), strip_of(2, 4, 6))


@pytest.mark.parametrize("photos", [PHOTOS + 0.5, PHOTOS[:1]], ids=["others", "fewer"])
def test_samples_of_other_photos_are_not_shown(kept, photos):
    assert torch.equal(going_on(kept, 8, photos).strip(), sample_strip([photos]))


def test_samples_that_are_damaged_are_not_shown(kept):
    (kept / FILE).write_bytes(b"half")
    assert torch.equal(going_on(kept, 8).strip(), strip_of())


def test_samples_that_cannot_be_kept_stop_no_training(tmp_path, caplog):
    (tmp_path / "file").touch()
    samples = Samples(PHOTOS, tmp_path / "file")
    samples.add(Step(1))
    assert torch.equal(samples.strip(), strip_of(1))
    assert "can't be written" in caplog.text
