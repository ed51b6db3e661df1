import torch
import torch.nn.functional as F

from faces import random_points
from tps_portrait.tps_core.landmarks import mean_face
from tps_portrait.training.banks.duplicates import face_fingerprints, find_duplicates
from tps_portrait.training.banks.entry import Entry
from tps_portrait.training.banks.scan import Accepted, Rejected, mark_duplicates


def blurred(count, seed=0):
    """Pictures (count, 3, 128, 128) uint8 of soft spots, all different."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(count, 3, 20, 20, generator=generator) * 255
    return F.interpolate(small, (128, 128), mode="bicubic").clamp(0, 255).to(torch.uint8)


def test_different_pictures_are_no_duplicates():
    assert find_duplicates(face_fingerprints(blurred(6)), random_points(6, 0)) == [None] * 6


def test_copies_are_found_whatever_was_done_to_them():
    faces, points = blurred(4), random_points(4, 0)
    small = F.interpolate(faces.float(), (48, 48), mode="bilinear", antialias=True)
    small = F.interpolate(small, (128, 128), mode="bilinear")
    tinted = faces.float() * torch.tensor([0.9, 0.8, 0.6])[:, None, None] + 10
    trimmed = faces.clone()
    trimmed[..., :14] = 0
    everything = torch.cat([faces, *(x.to(torch.uint8) for x in (small, tinted, trimmed))])
    found = find_duplicates(face_fingerprints(everything), points.repeat(4, 1, 1))
    assert found == [None] * 4 + [0, 1, 2, 3] * 3


def test_the_same_picture_with_other_landmarks_is_no_duplicate():
    faces = blurred(1).repeat(2, 1, 1, 1)
    points = random_points(1, 0).repeat(2, 1, 1)
    points[1, 48:] += 0.1  # a smile, or points on somebody else
    assert find_duplicates(face_fingerprints(faces), points) == [None, None]


def test_flat_pictures_are_no_duplicates():
    faces = torch.full((2, 3, 64, 64), 128, dtype=torch.uint8)
    points = random_points(1, 0).repeat(2, 1, 1)
    assert find_duplicates(face_fingerprints(faces), points) == [None, None]


def test_of_scanned_files_the_later_one_is_marked_with_the_name_of_the_earlier_one():
    def accepted(name, fingerprint):
        return Accepted(
            entry=Entry(name, True, ""),
            face=torch.zeros(3, 8, 8, dtype=torch.uint8),
            inside=torch.ones(1, 8, 8, dtype=torch.uint8),
            points=mean_face("ibug-68"),
            fingerprint=fingerprint,
        )

    rejected = Rejected(entry=Entry("text.txt", False, "not a picture"))
    one, other = torch.eye(4)[:2]
    results = [rejected, accepted("a", one), accepted("b", other), rejected, accepted("c", one)]
    assert [result.entry.twin for result in mark_duplicates(results)] == ["", "", "", "", "a"]
