"""The aligned painter: a portrait painted like one picture of art."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.face_not_found import FaceNotFound
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, Landmarks, mean_face
from tps_portrait.tps_core.paint_like import artwork as artworks
from tps_portrait.tps_core.paint_like import fusion as fusing
from tps_portrait.tps_core.paint_like import guides as guiding
from tps_portrait.tps_core.paint_like import painter as painting_module
from tps_portrait.tps_core.paint_like import search as searching
from tps_portrait.tps_core.paint_like.artwork import artwork, artwork_of_crop, bend
from tps_portrait.tps_core.paint_like.canvas import Canvas
from tps_portrait.tps_core.paint_like.fields import gaussian, luma
from tps_portrait.tps_core.paint_like.fusion import fuse
from tps_portrait.tps_core.paint_like.guides import guide
from tps_portrait.tps_core.paint_like.painter import paint_crop, paint_faces, paint_like
from tps_portrait.tps_core.paint_like.search import Matches, search

SIDE = 64


@pytest.fixture(scope="module")
def crop(photo, face):
    """The photo's face crop, small, with its landmarks."""
    alignment = align(face)
    return alignment.crop(photo, SIDE), alignment.points


@pytest.fixture(scope="module")
def painting(photo, face):
    """Art: the photo's face in other colours, with strokes, another light and another pose."""
    alignment = align(face)
    size = 200
    art = alignment.crop(photo, size)
    strokes = torch.rand(1, 1, 50, 50, generator=torch.Generator().manual_seed(0))
    strokes = F.interpolate(strokes, (size, size), mode="bicubic")[0]
    colors = torch.tensor([[0.9, 0.5, 0.1], [0.3, 0.6, 0.2], [0.1, 0.1, 0.5]])
    art = (torch.einsum("dc,chw->dhw", colors, art.flip(-1)) * 0.8 + 0.2 * strokes).clamp(0, 1)
    points = alignment.points[IBUG_MIRROR] * torch.tensor([-1.0, 1.0])
    return art, Landmarks(points, "ibug-68", (size, size))


@pytest.fixture(scope="module")
def art(painting):
    return artwork(*painting)


def square(side=SIDE):
    return Canvas.of_crop(side)


def guided(crop, art):
    """The bent art and the guides of a crop, and where its canvas lies."""
    picture, points = crop
    art_canvas, origin = square().for_art(SIDE // searching.FACE_AT_FIRST)
    bent = bend(art, points, art_canvas)
    return bent, guide(picture, square(), points, bent, art_canvas, False), origin


def test_the_painting_has_the_arts_colours_and_the_photos_face(crop, art):
    picture, points = crop
    painted = paint_crop(picture, points, art)
    inner = (..., slice(12, 52), slice(12, 52))
    towards = art.alignment.crop(art.picture, SIDE)[inner].mean((1, 2))
    away = (painted[inner].mean((1, 2)) - towards).norm()
    assert away < 0.5 * (picture[inner].mean((1, 2)) - towards).norm()
    light = torch.stack([luma(painted)[inner].flatten(), luma(picture)[inner].flatten()])
    assert torch.corrcoef(light)[0, 1] > 0.6


def test_the_same_picture_comes_every_time(crop, art):
    assert torch.equal(paint_crop(*crop, art), paint_crop(*crop, art))


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def test_a_picture_is_painted_in_one_thread_however_many_there_are(
    crop, art, two_threads, monkeypatch
):
    used = []
    fuse = painting_module.fuse
    monkeypatch.setattr(
        painting_module, "fuse", lambda *a: used.append(torch.get_num_threads()) or fuse(*a)
    )
    paint_crop(*crop, art)
    assert (used, torch.get_num_threads()) == ([1], 2)


def test_art_is_bent_so_that_its_landmarks_lie_on_the_portraits(crop, painting):
    """A dot on each landmark of the art comes to lie on the portrait's."""
    _, points = crop
    dots, face = torch.zeros(3, 200, 200), painting[1]
    for number in (30, 36, 45, 48, 54):
        x, y = face.points_px[number].round().int().tolist()
        dots[:, y - 2 : y + 3, x - 2 : x + 3] = 1
    canvas = square(128)
    for view in bend(artwork(dots, face), points, canvas):
        for number in (30, 36, 45, 48, 54):
            x, y = canvas.from_crop(points[number]).round().int().tolist()
            assert view.picture[0, y - 2 : y + 3, x - 2 : x + 3].max() > 0.3


def test_the_view_of_the_art_that_is_nearer_in_pose_comes_first(crop):
    """Of a face turned to one side, and mirrored, that which looks like the portrait."""
    _, points = crop
    turned = points + 0.15 * torch.tensor([1.0, 0.0]) * (points[:, :1] > 0)
    picture = torch.rand(3, 100, 100, generator=torch.Generator().manual_seed(0))
    inside = torch.ones(1, 100, 100)
    for own in (turned, turned[IBUG_MIRROR] * torch.tensor([-1.0, 1.0])):
        first, second = bend(artwork_of_crop(picture, own, inside), turned, square())
        nearer = (first.points - turned).norm(dim=-1).mean()
        assert nearer <= (second.points - turned).norm(dim=-1).mean()


def test_what_isnt_art_is_not_shown(crop):
    picture, inside = torch.rand(3, 100, 100), torch.ones(1, 100, 100)
    inside[..., :30] = 0
    view = bend(artwork_of_crop(picture, crop[1], inside), crop[1], square())[0]
    assert view.shown[..., :16].mean() < 0.2
    assert view.shown[..., 24:].mean() > 0.9


def test_patches_are_compared_as_one_by_one(crop, art):
    """The matrix product finds what a loop over all patches finds."""
    bent, guides, origin = guided(crop, art)
    scale = searching._scale(bent, guides, SIDE, origin, 4)
    target = scale.target(torch.rand(3, *scale.place.shape))
    found, costs = searching._compare_all(scale, target, 0.7)
    radius, area = searching.RADIUS, (2 * searching.RADIUS + 1) ** 2
    weights = scale.weights.clone()
    weights[..., :3] *= 0.7

    def around(maps):
        padded = F.pad(maps.permute(2, 0, 1)[None], [radius] * 4, mode="replicate")[0]
        return padded.unfold(1, 2 * radius + 1, 1).unfold(2, 2 * radius + 1, 1)

    wanted, have = around(target), [around(view) for view in scale.art]
    usable = scale.art[..., -1] < 0.5
    for y, x in ((3, 3), (8, 5), (12, 14)):
        best = torch.inf
        for view, row, column in usable.nonzero().tolist():
            apart = (wanted[:, y, x] - have[view][:, row, column]).square().sum((1, 2)) / area
            away = (row - scale.own_y[y, 0]) ** 2 + (column - scale.own_x[0, x]) ** 2
            best = min(best, float((weights[y, x] * apart).sum() + scale.place[y, x] * away))
        assert abs(best - float(costs[y, x])) < 1e-3
        assert usable[found.art[y, x], found.y[y, x], found.x[y, x]]


def test_at_finer_scales_patches_are_larger(crop, art):
    """One pixel of the target is compared up to four pixels away, and the patch there covers it."""
    bent, guides, origin = guided(crop, art)
    scale = replace(searching._scale(bent, guides, SIDE, origin, 1), everywhere=False)
    y = scale.own_y.expand(SIDE, SIDE).long()
    here = Matches(torch.zeros_like(y), y, scale.own_x.expand(SIDE, SIDE).long())
    target = scale.target(here.of(scale.art.permute(0, 3, 1, 2))[:3])
    changed = target.clone()
    changed[32, 32, 0] += 50  # so much that no shift makes up for it
    costs = [searching._compare_around(scale, seen, here)[1] for seen in (target, changed)]
    assert ((costs[1] - costs[0])[32] > 1).nonzero().flatten().tolist() == list(range(28, 37))
    costs[0][32, 32] = -1.0
    apart = replace(here, x=here.x.clone())
    apart.x[32, 32] += 9
    _, found = searching._put_together(scale, apart, costs[0], True)
    assert (found.x - here.x)[32].nonzero().flatten().tolist() == list(range(28, 37))


def test_a_finer_scale_goes_on_where_the_coarser_was():
    y, x = torch.meshgrid(torch.arange(3), torch.arange(4), indexing="ij")
    finer = Matches(torch.zeros_like(y), y + 2, x + 5).finer()
    y, x = torch.meshgrid(torch.arange(6), torch.arange(8), indexing="ij")
    assert torch.equal(finer.y, y + 4)
    assert torch.equal(finer.x, x + 10)


def test_the_search_ends_at_the_size_of_the_guides(crop, art):
    bent, guides, origin = guided(crop, art)
    sizes = [found.painting.shape[-1] for found in search(bent, guides, SIDE, origin)]
    assert sizes == [32, 64]


def test_patches_are_fused_without_seams(crop, art):
    """What is taken from the art as it lies comes back; a shifted half leaves no step."""
    bent, guides, (x, y) = guided(crop, art)
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    zeros = torch.zeros_like(rows)
    pictures = torch.stack([view.picture for view in bent])
    shifted = Matches(zeros, rows - y, columns - x + 9 * (columns >= 32))
    patches = shifted.of(pictures)
    fused = fuse(patches, shifted, bent, guides, SIDE, False)
    step = (patches[..., 32] - patches[..., 31]).abs().mean()
    assert (fused[..., 32] - fused[..., 31]).abs().mean() < 0.6 * step


def as_it_lies(crop, art, points=None, is_shaded=True, **changes):
    """The art fused as it lies bent on the crop: the painting, the art and the guides."""
    bent, guides, (x, y) = guided((crop[0], crop[1] if points is None else points), art)
    guides = replace(guides, **changes)
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    here = Matches(torch.zeros_like(rows), rows - y, columns - x)
    patches = here.of(torch.stack([view.picture for view in bent]))
    return fuse(patches, here, bent, guides, SIDE, False, is_shaded), patches, guides


def between(picture, fine_px, broad_px):
    light = luma(picture) if len(picture) == 3 else picture
    return gaussian(light, fine_px) - gaussian(light, broad_px)


@pytest.mark.parametrize(("where", "finer_px"), [("parts", 0.3), ("face", 0.8)])
def test_in_the_face_strokes_add_up_to_the_light_wanted_and_to_finer_at_its_parts(
    crop, art, where, finer_px
):
    painted, patches, guides = as_it_lies(crop, art)
    there = getattr(guides, where) > 0.9
    wanted = between(guides.broad + guides.fine, finer_px, 2.5)
    away = (between(painted, finer_px, 2.5) - wanted).abs()[there].mean()
    assert away < 0.5 * (between(patches, finer_px, 2.5) - wanted).abs()[there].mean()


def test_a_face_to_learn_from_has_the_photos_shading_at_its_parts_alone(crop, art, monkeypatch):
    shaded = []
    monkeypatch.setattr(painting_module, "fuse", lambda *a: shaded.append(a[-1]) or a[0])
    paint_crop(*crop, art)
    paint_crop(*crop, replace(art, is_line_art=True))
    paint_like(crop[0], art, Landmarks(crop[1], "ibug-68", (SIDE, SIDE)))
    assert shaded == [False, True, True]
    painted, _, guides = as_it_lies(crop, art)
    unshaded = as_it_lies(crop, art, is_shaded=False)[0]
    moved = (painted - unshaded).abs().mean(0)
    assert moved[(guides.face > 0.9)[0] & (guides.held < 0.3)[0]].mean() > 0.003
    assert moved[guides.face[0] == 0].max() < 1e-6


def test_beside_the_face_strokes_are_the_arts(crop, art):
    painted, patches, guides = as_it_lies(crop, art)
    beside = (guides.face < 0.05) & (guides.held < 0.1)
    strokes, own = between(painted, 0.3, 2.5)[beside], between(patches, 0.3, 2.5)[beside]
    assert torch.corrcoef(torch.stack([strokes, own]))[0, 1] > 0.9


def test_strokes_that_seams_weakened_are_as_strong_as_the_arts(crop, art):
    bent, guides, _ = guided(crop, art)
    canvas = bent[0].picture.shape[-1]
    beside = (canvas - SIDE) // 2
    as_wide = bent[0].picture[:, beside : beside + SIDE, beside : beside + SIDE]
    strong = fusing._with_strokes_of(bent[0], as_wide.lerp(gaussian(as_wide, 3), 0.3), guides, SIDE)
    stronger = between(strong, 0.01, 1).std() / between(as_wide, 0.01, 1).std()
    assert 0.85 < stronger < 1.15


def test_all_of_a_face_is_held_that_is_turned_another_way_than_the_arts(crop, painting):
    picture, points = crop
    alike = Landmarks(points, "ibug-68", (SIDE, SIDE)).with_pixels((points + 1) * SIDE / 2)
    _, same, _ = guided(crop, artwork(picture, alike))
    turned = points + torch.tensor([0.4, 0.0]) * (points[:, :1] > 0)
    _, other, _ = guided((picture, turned), artwork(picture, alike))
    assert (same.held == same.parts).all()
    assert (other.held >= other.face).all()
    assert (other.held > other.parts + 0.3).any()


def test_skin_is_told_from_a_ground_that_is_as_light(crop):
    """In the photo as in the art, by colour alone."""
    points, canvas = crop[1], square()
    face = guiding._polygon(guiding._outline(points), canvas, 0.01)
    skin, ground = (torch.tensor(c)[:, None, None] for c in ([0.7, 0.3, 0.3], [0.3, 0.45, 0.7]))
    picture = (ground + (skin - ground) * face) * (0.8 + 0.2 * luma(crop[0]))
    art = artwork_of_crop(picture.flip(0), points, torch.ones(1, SIDE, SIDE))
    art_canvas, (x, y) = canvas.for_art(2)
    bent = bend(art, points, art_canvas)
    guides = guide(picture, canvas, points, bent, art_canvas, False)
    of_art = guides.like_skin_of_art[0][:, -y:, -x:][:, :SIDE, :SIDE]
    for like_skin in (guides.like_skin, of_art):
        assert like_skin[face > 0.95].median() > 0.7
        assert like_skin[face < 0.05].median() < 0.05
    weights = searching._scale(bent, guides, SIDE, (x, y), 1).weights[..., 5]
    assert weights[face[0] > 0.95].min() > weights[face[0] < 0.05].max() > 0


@pytest.fixture
def halves(crop, monkeypatch):
    """A photo and art, their ground on the left, sitters on the right, as a network sees them: the
    photo's ground is white and its sitter grey, the art's ground is dark and its sitter lighter."""
    points, left = crop[1], slice(0, SIDE // 2)
    photo, art = torch.full((3, SIDE, SIDE), 0.5), torch.full((3, SIDE, SIDE), 0.6)
    photo[..., left], art[..., left] = 0.95, 0.1
    for picture, amount in ((photo, 0.02), (art, 0.1)):
        picture += amount * torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    photo[..., ::2, left] += 0.01
    seen = torch.ones(1, SIDE, SIDE)
    seen[..., left] = 0
    monkeypatch.setattr(artworks, "person_mask", lambda picture: margin(seen, picture))
    monkeypatch.setattr(guiding, "person_mask", lambda picture: seen)
    monkeypatch.setattr(
        guiding,
        "_polygon",
        lambda points, canvas, edge: torch.full((1, canvas.height, canvas.width), 1e-6),
    )
    return photo, points, artwork_of_crop(art, points, torch.ones(1, SIDE, SIDE)), seen


def margin(seen, picture):
    """The mask as it is seen in the picture, which has a margin left, right and above."""
    side, top = (picture.shape[-1] - SIDE) // 2, picture.shape[-2] - SIDE
    return F.pad(seen[None], [side, side, top, 0], mode="replicate")[0]


def test_the_ground_is_as_light_as_the_arts_and_a_plain_one_stays_plain(halves):
    photo, points, art, _ = halves
    guides = guided((photo, points), art)[1]
    ground, sitter = guides.broad[..., : SIDE // 2 - 6], guides.broad[..., SIDE // 2 + 6 :]
    assert 0.1 < ground.mean() < 0.3
    assert 0.5 < sitter.mean() < 0.75
    own = gaussian(luma(photo), guiding.BROAD * SIDE)[..., : SIDE // 2 - 6]
    assert ground.std() <= 1.01 * own.std()


def test_ground_and_clothes_are_the_arts_own(halves):
    """Where the art shows some, its place counts there instead of the photo's light."""
    photo, points, art, _ = halves
    points = points - torch.tensor([0.0, 0.5])  # room for clothes
    bent, guides, origin = guided((photo, points), art)
    chin = int((points[8, 1] + 1) * SIDE / 2)
    assert guides.setting[..., : SIDE // 2].min() > 0.99
    assert guides.setting[..., :chin, SIDE // 2 :].max() < 0.01
    assert guides.setting[..., -3:, SIDE // 2 :].min() > 0.99

    def at(guides, row, column):
        scale = searching._scale(bent, guides, SIDE, origin, 1)
        return scale.weights[row, column, 3:5], scale.place[row, column]

    (light, place), (own_light, own_place) = (
        at(replace(guides, shown=guides.shown * 0 + shown), 2, 2) for shown in (0, 1)
    )
    assert torch.allclose(own_light, (1 - searching.SETTING) * light)
    assert own_place > 10 * place
    sitter = at(replace(guides, shown=guides.shown * 0 + 1), 2, SIDE - 3)
    assert torch.allclose(sitter[0], light)
    assert sitter[1] < own_place


def test_broad_light_doesnt_run_from_the_ground_into_the_sitter():
    light, person = torch.zeros(1, 40, 40), torch.zeros(1, 40, 40)
    light[..., 20:] = person[..., 20:] = 1
    assert (guiding._broad(light, person, 4.0) - light).abs().max() < 1e-3
    nobody = guiding._broad(light, 0 * person, 4.0)
    assert torch.allclose(nobody, gaussian(light, 4.0))


def test_where_nobody_is_seen_light_is_that_of_the_whole(halves, monkeypatch):
    photo, points, art, _ = halves
    monkeypatch.setattr(guiding, "person_mask", lambda picture: 0 * picture[:1])
    guides = guided((photo, points), art)[1]
    assert guides.person_weight == 0
    assert guides.broad[..., :10].mean() > guides.broad[..., -10:].mean()


def test_the_sitter_is_painted_with_the_arts_sitter(halves):
    """And the ground with its ground, though they are as light, and on other sides."""
    photo, points, art, seen = halves
    grey = 0.4 + 0.2 * torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    art = replace(art, picture=grey.expand(3, -1, -1), person=art.person.flip(-1))
    bent, guides, origin = guided((photo, points), art)
    *_, found = search(bent, guides, SIDE, origin)
    taken = found.matches.of(torch.stack([view.person for view in bent]))
    assert (taken - seen).abs()[..., 4:-4].mean() < 0.1


def test_a_face_that_fills_its_picture_is_seen_with_a_margin(crop, monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        artworks, "person_mask", lambda p: looked_at.append(p.shape[-2:]) or p[:1] * 0
    )
    picture, points = crop
    close = artwork_of_crop(picture, points, torch.ones(1, SIDE, SIDE))
    wide = F.pad(picture, [SIDE] * 4)
    face = Landmarks(points, "ibug-68", (SIDE, SIDE)).points_px + SIDE
    far = artwork(wide, Landmarks.from_pixels(face, (3 * SIDE, 3 * SIDE), "ibug-68"))
    assert looked_at == [(3 * SIDE // 2, 2 * SIDE), (3 * SIDE, 3 * SIDE)]
    assert close.person.shape == picture[:1].shape
    assert far.person.shape == wide[:1].shape


def test_dark_skin_stays_dark_but_in_line_art(crop, art):
    picture, points = crop
    bent = guided(crop, art)[0]
    dark = 0.6 * picture
    (light, shaded), (in_lines, shaded_in_lines) = (
        [
            guide(p, square(), points, bent, square().for_art(2)[0], lines).broad
            for p in (picture, dark)
        ]
        for lines in (False, True)
    )
    skin = guided(crop, art)[1].like_skin > 0.8
    assert 0.5 < (shaded / light)[skin].median() < 0.8
    assert 0.95 < (shaded_in_lines / in_lines)[skin].median() < 1.05


def test_a_face_beyond_the_picture_is_painted_all_the_same(crop, art):
    picture, points = crop
    painted = paint_crop(picture, points + torch.tensor([4.0, 0.0]), art)
    assert painted.isfinite().all()


def test_neither_lines_nor_photos_of_one_colour_have_a_likeness_to_skin(crop, art):
    picture, points = crop
    bent, _, _ = guided(crop, art)
    grey = luma(picture).expand(3, -1, -1)
    brown = torch.stack([grey[0] ** 0.7, grey[0], grey[0] ** 1.4])
    weights = [
        guide(photo, square(), points, bent, square().for_art(2)[0], lines).skin_weight
        for photo, lines in ((picture, False), (picture, True), (grey, False), (brown, False))
    ]
    assert weights == [1, 0, 0, 0]


def test_an_open_mouth_is_known_where_the_arts_is_closed(crop, art):
    bent = guided(crop, art)[0]
    opened = crop[1].clone()
    opened[[61, 62, 63], 1] -= 0.1
    opened[[67, 66, 65], 1] += 0.1
    closed = guide(crop[0], square(), crop[1], bent, square().for_art(2)[0], False)
    wide = guide(crop[0], square(), opened, bent, square().for_art(2)[0], False)
    assert closed.open_mouth.max() <= wide.open_mouth.max()
    assert wide.open_mouth.max() > 0.9
    middle = opened[60:68].mean(0)
    x, y = square().from_crop(middle).int().tolist()
    assert wide.open_mouth[0, y, x] > 0.9
    assert wide.open_mouth[0, :10].max() == 0


def test_smooth_art_isnt_asked_for_a_photos_detail(crop, art):
    bent, guides, _ = guided(crop, art)
    assert guides.fine.std() < 4.1 * (luma(crop[0])).std()
    flat = [
        replace(view, picture=view.picture.mean((1, 2), keepdim=True).expand_as(view.picture))
        for view in bent
    ]
    smooth = guide(crop[0], square(), crop[1], flat, square().for_art(2)[0], False)
    assert smooth.fine.std() < guides.fine.std()


def test_line_art_gives_black_and_white(crop):
    size = 200
    art = torch.ones(3, size, size)
    art[:, torch.arange(size) % 50 < 20] = 0  # broad lines, which stay black when shrunken
    drawn = artwork(art, Landmarks(mean_face("ibug-68"), "ibug-68", (size, size)))
    assert drawn.is_line_art
    painted = paint_crop(*crop, drawn)
    assert ((painted < 0.15) | (painted > 0.85)).float().mean() > 0.8
    assert (painted.amax(0) == painted.amin(0)).all()


def test_lines_have_no_ragged_edges(crop, art):
    ragged = torch.ones(3, SIDE, SIDE)
    ragged[:, ::2, :31] = ragged[:, 1::2, :33] = 0
    guides = guided(crop, art)[1]
    guides = replace(
        guides,
        broad_of_art=[ragged[:1]],
        fine_of_art=[0 * ragged[:1]],
        around_of_art=guides.around,
    )
    lines = fusing._as_lines(ragged, guides, 256)
    assert lines.diff(dim=1).abs().mean() < 0.5 * ragged.diff(dim=1).abs().mean()
    assert lines.std() > 0.9 * ragged.std()


def test_a_painting_isnt_line_art(art):
    assert not art.is_line_art


def test_a_whole_photo_is_painted_in_its_size(photo, face, art):
    small = F.interpolate(photo[None], (90, 101), mode="bilinear", antialias=True)[0]
    own = Landmarks(face.convert("ibug-68").points, "ibug-68", (101, 90))
    seen = []
    result = paint_like(small, art, own, on_progress=lambda share, s: seen.append(share))
    assert result.picture.shape == small.shape
    assert (result.mask == 1).all()
    assert result.picture.min() >= 0
    assert result.picture.max() <= 1
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_faces_alone_leave_the_rest_of_the_photo_as_it_is(photo, face, art, monkeypatch):
    small = F.interpolate(photo[None], (160, 180), mode="bilinear", antialias=True)[0]
    own = Landmarks(face.convert("ibug-68").points, "ibug-68", (180, 160))
    monkeypatch.setattr("tps_portrait.tps_core.paint_like.painter.SMALL", SIDE)
    picture, covered = paint_faces(small, [own], art)
    assert torch.equal(picture[:, covered[0] == 0], small[:, covered[0] == 0])
    assert covered.max() > 0.9
    assert (picture - small)[:, covered[0] > 0.9].abs().mean() > 0.05


def test_what_progress_raises_ends_the_work(photo, face, art):
    def cancel(share, seen):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint_like(photo, art, face, on_progress=cancel)


def test_a_photo_without_faces_says_so(photo, art):
    with pytest.raises(FaceNotFound, match=r"my\.jpg"):
        paint_like(photo, art, [], name="my.jpg")
