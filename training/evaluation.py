"""What an evaluation found: the figures, each picture's own, the report and the contact sheet."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..tps_core.plain_text import shown
from .sheet import captioned, tile

PAIRS_A_ROW = 4
FEW = 200  # pictures below which the bias of FID can't be overlooked


@dataclass(frozen=True)
class Record:
    """One photo and its result."""

    name: str
    found: bool  # whether a face is still found in the result, where the photo's is
    mld: float  # mean landmark distance as a share of the inter-ocular; nan if not found
    lpips: float  # between photo and result, in the face crop
    crops: Tensor  # (2, 3, s, s) uint8: photo and result, small


@dataclass(frozen=True)
class Evaluation:
    """How photos and their results compare, and the results with art."""

    records: list[Record]  # of the photos that could be evaluated, in their order
    left_out: dict[str, str]  # the names of the others, each with the reason
    figures: dict[str, float]  # by name; nan where too few pictures say nothing
    art_faces: int
    networks: str  # the feature networks' names
    suffix: str  # what the names of the figures made by these networks end in
    painted: str = ""  # what was painted of each photo, in words; "" where that isn't known

    def figure(self, name: str) -> float:
        """The figure of that name, by whichever networks: "lpips", "kid", "fid", "art_fid"."""
        return self.figures[name + self.suffix]

    @property
    def worst_first(self) -> list[Record]:
        """The records: those without a face in the result, then by falling landmark distance."""
        return sorted(self.records, key=lambda r: (r.found, -r.mld if r.found else -r.lpips))

    @property
    def report(self) -> str:
        """The figures and what to make of them, in words."""
        f, kid, fid = self.figures, f"kid{self.suffix}", f"fid{self.suffix}"
        lpips, art_fid = f"lpips{self.suffix}", f"art_fid{self.suffix}"
        count, found = len(self.records), sum(r.found for r in self.records)
        painted = f" ({self.painted} painted)" if self.painted else ""
        lines = [
            f"{count} results{painted}, {self.art_faces} faces of art; features: {self.networks}",
            "",
            f"found {f['found']:.0%}: in {found} of {count} results a face is still found",
            f"mld {f['mld']:.4f}{_spread(f['mld_std'])} (median {f['mld_median']:.4f}): how far "
            f"the landmarks move, in distances between the outer eye corners"
            if found
            else "mld: unknown, as no face is found",
            f"{lpips} {f[lpips]:.3f}{_spread(f[f'{lpips}_std'])}: how far the results are from the "
            f"photos",
            f"{kid} {f[kid]:.4g}{_spread(f[f'{kid}_error'], ' (standard error)')}: how far they "
            f"are from the art, not times 1000; the photos {f[f'{kid}_photos']:.4g}"
            f"{_share(f[kid], f[f'{kid}_photos'])}",
            f"{fid} {f[fid]:.4g}: the same, biased; the photos {f[f'{fid}_photos']:.4g}",
            f"{art_fid} {f[art_fid]:.4g}: (1 + {lpips}) × (1 + {fid})",
            "",
            *self._cautions(),
        ]
        if self.left_out:
            lines += ["", f"left out, {len(self.left_out)}:"]
            lines += [shown(f"{name}: {reason}") for name, reason in self.left_out.items()]
        return "\n".join(lines)

    def sheet(self, most: int = 120) -> Tensor:
        """The photos beside their results (at most `most`), worst first: (3, h, w)."""
        cells = []
        for record in self.worst_first[:most]:
            text = f"mld {record.mld:.3f}" if record.found else "no face found"
            pair = torch.cat(list(record.crops), dim=-1).float() / 255
            cells.append(captioned(pair, f"{text}  lpips {record.lpips:.3f}  {shown(record.name)}"))
        return tile(torch.stack(cells), min(PAIRS_A_ROW, len(cells)))

    def _cautions(self) -> list[str]:
        """What a reader must know before comparing the figures with others."""
        lines, fid = [], f"fid{self.suffix}"
        if min(len(self.records), self.art_faces) < FEW:
            halves = self.figures[f"{fid}_halves"]
            known = (
                ""
                if math.isnan(halves)
                else f" (two random halves of this art, {self.art_faces // 2} faces each, are "
                f"{halves:.4g} apart)"
            )
            lines.append(
                f"Of so few pictures FID and Art-FID come out too high{known}: compare them only "
                f"between runs with the same photos and art, and trust KID, which has no such bias."
            )
        if self.suffix:
            lines.append(
                "Figures by SqueezeNet are comparable among themselves only, never with published "
                "ones. Those need the package pytorch-fid and its weights. Our styles were "
                "judged through SqueezeNet too, so KID and FID by it flatter them."
            )
        return lines


def _spread(value: float, kind: str = "") -> str:
    """The spread of a figure and its kind, in words; nothing where it is not known."""
    return "" if math.isnan(value) else f" ± {value:.2g}{kind}"


def _share(results: float, photos: float) -> str:
    """What is left of the photos' distance, in words; nothing where that is no distance."""
    return f", of which {results / photos:.0%} are left" if photos > 0 else ""
