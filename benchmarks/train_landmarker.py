"""Trains the landmarker for art, on restyled photos and paintings and on drawn faces.

Only pictures in the public domain, four fifths of them; the points are those of the detector for
photos, which is sure of them. No drawing of the collection is trained with. Ctrl-C keeps what was
trained; the same call goes on.
"""

import argparse
import copy
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from cartoons import draw_face
from restyling import cut_out, disturbed, flipped, restyled
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from collection import DATA, FREE_PHOTOS, is_held_out
from profiles import ground, mesh_with_depth, turned
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.container import write_container
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.detectors.art_landmarker import read_art_network
from tps_portrait.tps_core.detectors.art_network import CUT_EXTENT, CUT_PX, ArtNetwork, ArtPoints
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.tps_core.geometry.squares import cut_square
from tps_portrait.tps_core.landmarks import eye_distance_from_front
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.tps_core.style import find_style, load_style
from tps_portrait.tps_core.stylize import paint_whole

PAINTINGS = ("oil_impressionist", "oil_oldmasters", "pastel_18c")
STYLES = ("impressionist oil", "ink line")
SOURCE_PX = 224
SOURCE_EXTENT = 1.8  # side of what is kept around a face, in sides of the face crop
SURE = 0.8  # of the detector, of a painting
BATCH = 32
# Shares of a batch: drawn faces, photos and paintings turned into profile; and no face.
DRAWN, PROFILES, EMPTY = 0.35, 0.25, 0.12
RATE, DECAY = 2e-3, 0.998
SAVE_EVERY = 250  # steps


@dataclass(frozen=True)
class Faces:
    """Pictures of faces."""

    pictures: Tensor  # (n, 3, SOURCE_PX, SOURCE_PX), uint8
    points: Tensor  # (n, 68, 2) in −1…1

    def draw(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """So many of them by chance: (b, 3, s, s), 0…1, and their points (b, 68, 2)."""
        index = torch.randint(len(self.pictures), (count,), generator=random)
        return self.pictures[index].float() / 255, self.points[index]


def sources(cache: Path) -> tuple[Faces, Faces]:
    """The faces as they are and painted, and those that are turned into profile."""
    if not cache.exists():
        styles = [load_style(find_style(name)) for name in STYLES]
        random = torch.Generator().manual_seed(0)
        faces: list[tuple[Tensor, Tensor]] = []
        profiles: list[tuple[Tensor, Tensor]] = []
        for path in _files():
            photo = read_picture(path)
            found = [f for f in detect(photo, max_faces=1) if f.score >= SURE]
            if not found:
                continue
            alignment = align(found[0])
            wide = replace(alignment, linear=alignment.linear * SOURCE_EXTENT)
            versions = [photo]
            if "photos" in path.parts:
                versions += [paint_whole(photo, s, alignment.extent_px) for s in styles]
            # Beyond the edge its last pixels are repeated: mirrored, tightly cut paintings would
            # show their faces twice.
            cuts = [cut_square(v, wide.linear, wide.shift, SOURCE_PX) for v in versions]
            faces += [(as_bytes(cut), wide.points) for cut in cuts]
            mesh = mesh_with_depth(photo, found[0])
            flat = (mesh[:, :2] - wide.shift) @ torch.linalg.inv(wide.linear).T
            mesh = torch.cat([flat, mesh[:, 2:] / wide.linear[:, 0].norm()], -1)
            for _ in range(2 if "photos" in path.parts else 1):
                behind = ground([picture for picture, _ in faces], SOURCE_PX, random)
                picture, points = turned(cuts[0], mesh, random, behind)
                profiles.append((as_bytes(picture), points))
        stacked = [
            tuple(torch.stack(parts) for parts in zip(*kind, strict=True))
            for kind in (faces, profiles)
        ]
        torch.save(stacked, cache)
    as_they_are, in_profile = torch.load(cache)
    return Faces(*as_they_are), Faces(*in_profile)


class Examples(IterableDataset):
    """Batches without end: cuts (b, 3, s, s), points (b, 68, 2), and whether there is a face."""

    def __init__(self, faces: Faces, profiles: Faces, seed: int):
        self.faces, self.profiles, self.seed = faces, profiles, seed

    def __iter__(self):
        random, dice = torch.Generator().manual_seed(self.seed), Random(self.seed)
        while True:
            drawings = [draw_face(dice, CUT_PX) for _ in range(round(DRAWN * BATCH))]
            in_profile = round(PROFILES * BATCH)
            drawn = [
                source.draw(count, random)
                for source, count in (
                    (self.faces, BATCH - len(drawings) - in_profile),
                    (self.profiles, in_profile),
                )
            ]
            faces, points = (torch.cat(parts) for parts in zip(*drawn, strict=True))
            as_they_are = torch.arange(len(faces)) >= len(faces) - in_profile
            cuts, points = cut_out(
                faces, points, CUT_PX, CUT_EXTENT / SOURCE_EXTENT, random, as_they_are
            )
            cuts = restyled(cuts, random)
            cuts = torch.cat([cuts, torch.stack([d.picture for d in drawings])])
            points = torch.cat([points, torch.stack([d.points for d in drawings])])
            flip = torch.rand(BATCH, generator=random) < 0.5
            cuts, points = flipped(cuts, points, flip)
            present = torch.rand(BATCH, generator=random) >= EMPTY
            cuts = torch.where(present[:, None, None, None], cuts, _faceless(cuts, random))
            # A face of which most lies outside of the cut is none.
            present &= (points.abs() < 1).all(-1).float().mean(1) > 0.6
            yield disturbed(cuts, random), points, present


def loss(found: ArtPoints, points: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, and the mean distance of the points in inter-ocular distances."""
    distance = (found.points - points).norm(dim=-1)
    eyes = eye_distance_from_front(points)[:, None].clamp_min(0.1)
    inside = present[:, None] & (points.abs() < 1).all(-1)
    relative = distance / eyes
    likely = distance.detach() / found.spread + found.spread.log()
    presence = F.binary_cross_entropy_with_logits(found.presence, present.float())
    total = relative[inside].mean() + 0.02 * likely[inside].mean() + 0.2 * presence
    return total, relative[inside].mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder for the pictures and the training")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the model's file")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--start", type=Path, metavar="MODEL", help="trained already: learn on")
    parser.add_argument(
        "--keep", type=float, default=0.0, help="this share of its weights is in the model's"
    )
    arguments = parser.parse_args()

    arguments.work.mkdir(parents=True, exist_ok=True)
    faces, profiles = sources(arguments.work / "faces.pt")
    torch.manual_seed(0)
    network = ArtNetwork()
    if arguments.start:
        network = read_art_network(arguments.start).requires_grad_(True).train()
    average, first = copy.deepcopy(network), copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), arguments.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, partial(_rate, arguments.steps))
    state, start = arguments.work / "state.pt", 0
    if state.exists():
        saved = torch.load(state)
        start = saved["step"]
        for name, part in _parts(network, average, optimiser, schedule):
            part.load_state_dict(saved[name])
    loader = DataLoader(Examples(faces, profiles, seed=start), batch_size=None, num_workers=1)
    running = 0.0
    for step, (cuts, points, present) in enumerate(loader, start + 1):
        if step > arguments.steps:
            break
        total, distance = loss(network(cuts), points, present)
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        _update(average, network, min(DECAY, (1 + step) / (10 + step)))
        running = 0.98 * running + 0.02 * distance.item()
        if step % 50 == 0:
            print(step, f"{running / (1 - 0.98 ** (step - start)):.4f}", flush=True)
        if step % SAVE_EVERY == 0 or step == arguments.steps:
            parts = {n: p.state_dict() for n, p in _parts(network, average, optimiser, schedule)}
            torch.save({"step": step} | parts, state.with_suffix(".new"))
            state.with_suffix(".new").replace(state)
            model = copy.deepcopy(average)
            _update(model, first, 1 - arguments.keep)
            save(model, arguments.output, step)


def save(network: ArtNetwork, path: Path, steps: int) -> None:
    """Writes the model, in half precision."""
    tensors = {n: t.half() if t.is_floating_point() else t for n, t in network.state_dict().items()}
    record = {"scheme": "ibug-68", "steps": steps, "licence": "CC0 1.0", "author": "TPS Portrait"}
    write_container(path, "tps-portrait-art-landmarks/1", tensors, record)


def _files() -> list[Path]:
    photos = [p for p in list_pictures(DATA / "photos") if p.name.startswith(FREE_PHOTOS)]
    art = [p for name in PAINTINGS for p in list_pictures(DATA / "art" / name)]
    return [path for path in photos + art if not is_held_out(path.name)]


def _faceless(cuts: Tensor, random: torch.Generator) -> Tensor:
    """The cuts with their faces gone: a corner enlarged, tiles in disorder, or noise instead."""
    side = CUT_PX // 4
    tiles = cuts.unfold(2, side, side).unfold(3, side, side).flatten(2, 3)
    tiles = tiles[:, :, torch.randperm(16, generator=random)]
    mixed = tiles.unflatten(2, (4, 4)).permute(0, 1, 2, 4, 3, 5).flatten(4, 5).flatten(2, 3)
    corner = F.interpolate(cuts[..., : side + 8, : side + 8], (CUT_PX, CUT_PX), mode="bilinear")
    grain = 2 ** int(torch.randint(6, (), generator=random))
    noise = torch.rand(len(cuts), 3, CUT_PX // grain, CUT_PX // grain, generator=random)
    noise = F.interpolate(noise, (CUT_PX, CUT_PX), mode="bilinear")
    which = torch.rand(len(cuts), 1, 1, 1, generator=random)
    return torch.where(which < 0.35, mixed, torch.where(which < 0.7, corner, noise))


def _rate(steps: int, step: int) -> float:
    warm = min(1.0, (step + 1) / 200)
    return warm * (0.02 + 0.98 * (1 + math.cos(math.pi * min(1, step / steps))) / 2)


def _parts(network, average, optimiser, schedule):
    return [
        ("network", network), ("average", average),
        ("optimiser", optimiser), ("schedule", schedule),
    ]  # fmt: skip


@torch.no_grad()
def _update(average: ArtNetwork, network: ArtNetwork, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


if __name__ == "__main__":
    main()
