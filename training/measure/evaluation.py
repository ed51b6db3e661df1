"""What an evaluation found: the figures, each picture's own, the report and the contact sheet."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...tps_core.plain_text import shown
from ..banks.contact_sheet import captioned, tile
from .efficientnet import PACKAGE

PAIRS_A_ROW = 4
PAINT_FIGURES = ("color_curve", "detail_correlation", "weave")  # of each record
FEW_PICTURES = 200  # pictures below which the bias of FID can't be overlooked


@dataclass(frozen=True)
class Record:
    """One photo and its result."""

    name: str
    found: bool  # whether a face is still found in the result, where the photo's is
    mld: float  # mean landmark distance as a share of the inter-ocular; nan if not found
    lpips: float  # between photo and result, in the face crop
    color_curve: float  # of `paint_measures`, in the face crop, as the next two
    detail_correlation: float
    weave: float
    crops: Tensor  # (2, 3, s, s) uint8: photo and result, small
    kept: bool | None = None  # whether no other photo's face is nearer; None if it isn't known

    @property
    def caption(self) -> str:
        """Two lines for the contact sheet."""
        found = f"mld {self.mld:.3f}" if self.found else "no face found"
        person = "  another is nearer" if self.kept is False else ""
        return (
            f"{found}  lpips {self.lpips:.3f}{person}  {shown(self.name)}\n"
            f"curve {self.color_curve:.2f}  strokes {self.detail_correlation:.2f}  "
            f"weave {self.weave:.1f}"
        )


@dataclass(frozen=True)
class Evaluation:
    """How photos and their results compare, and the results with art."""

    records: list[Record]  # of the photos that could be evaluated, in their order
    left_out: dict[str, str]  # the names of the others, each with the reason
    figures: dict[str, float]  # by name; nan where too few pictures say nothing
    art_faces: int
    networks: str  # the feature networks' names
    suffix: str  # what LPIPS's name ends in: by which network it is
    art_suffix: str  # the same of KID, FID and Art-FID
    painted: str = ""  # what was painted of each photo, in words; "" where that isn't known

    def figure(self, name: str) -> float:
        """The figure of that name, by whichever networks: "lpips", "kid", "fid", "art_fid"."""
        return self.figures[name + (self.suffix if name == "lpips" else self.art_suffix)]

    @property
    def worst_first(self) -> list[Record]:
        """The records: those without a face in the result, then by falling landmark distance."""
        return sorted(self.records, key=lambda r: (r.found, -r.mld if r.found else -r.lpips))

    @property
    def report(self) -> str:
        """The figures and what to make of them, in words."""
        f, kid, fid = self.figures, f"kid{self.art_suffix}", f"fid{self.art_suffix}"
        lpips, art_fid = f"lpips{self.suffix}", f"art_fid{self.art_suffix}"
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
            *self._retrieved(),
            f"{lpips} {f[lpips]:.3f}{_spread(f[f'{lpips}_std'])}: how far the results are from the "
            f"photos",
            *self._paint(),
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
            pair = torch.cat(list(record.crops), dim=-1).float() / 255
            cells.append(captioned(pair, record.caption))
        return tile(torch.stack(cells), min(PAIRS_A_ROW, len(cells)))

    def _retrieved(self) -> list[str]:
        """Whether the results are still the photos' persons, in words, where that is known."""
        if "retrieval" not in self.figures:
            return []
        count, kept = len(self.records), sum(bool(r.kept) for r in self.records)
        return [
            f"retrieval {self.figures['retrieval']:.0%}: {kept} of {count} results are nearer to "
            f"their own photo's face than to all others: still this person"
        ]

    def _paint(self) -> list[str]:
        """How much paint the results show, in words."""
        meanings = {
            "color_curve": "the share of a result that one curve of its photo's colours explains; "
            "a tinted photo has 1, paintings have less than 0.75",
            "detail_correlation": "how far its strokes are the photo's own detail, to 1",
            "weave": "how much more diagonal than its photo is what it adds; strokes have about "
            "1, a woven grain has 2 and more",
        }
        return [
            f"{name} {self.figures[name]:.2f}{_spread(self.figures[f'{name}_std'])} (median): "
            f"{meaning}"
            for name, meaning in meanings.items()
            if not math.isnan(self.figures[name])
        ]

    def _cautions(self) -> list[str]:
        """What a reader must know before comparing the figures with others."""
        lines, fid = [], f"fid{self.art_suffix}"
        if min(len(self.records), self.art_faces) < FEW_PICTURES:
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
                "Figures that a network's name ends are comparable among themselves only, never "
                "with published ones. Those need the package pytorch-fid and its weights."
            )
        if "retrieval" not in self.figures:
            lines.append(
                f"Whether results are still the same persons is not known: that needs the package "
                f"{PACKAGE}, and then KID and FID are by its network too. Styles are trained "
                f"through SqueezeNet, so that KID and FID by it flatter them."
            )
        return lines


def _spread(value: float, kind: str = "") -> str:
    """The spread of a figure and its kind, in words; nothing where it is not known."""
    return "" if math.isnan(value) else f" ± {value:.2g}{kind}"


def _share(results: float, photos: float) -> str:
    """What is left of the photos' distance, in words; nothing where that is no distance."""
    return f", of which {results / photos:.0%} are left" if photos > 0 else ""
