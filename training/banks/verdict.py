"""What a person should know of a face that is used: its bucket, and a remark.

The figures were chosen on the collection's art, 875 pictures of six kinds, and 284 of its photos.
"""

from dataclasses import replace

from torch import Tensor

from ...tps_core.landmarks import Landmarks
from .entry import DUPLICATE, EXTREME_POSE, GOOD, LOW_CONFIDENCE, SEVERAL, Entry
from .pose import estimate_pose

# False positives (ears, eyes, buttons) have up to 0.94, and so have most drawings whose
# points are off; of the paintings 2 %, of the photos none has less than this.
SURE_SCORE = 0.95
# Beyond this yaw the far eye is hidden and its points are made up. No pitch in the collection comes
# near this but in drawings whose points are wrong.
MOST_YAW_DEGREES, MOST_PITCH_DEGREES = 40.0, 25.0  # degrees
# Another face counts where its box is at least this share of the largest one's: smaller ones stand
# in the background, or are no faces.
RIVAL_SIZE = 0.25
HAND = "hand"  # the detector of points that a person placed


def assess(name: str, faces: list[Landmarks], points: Tensor, by_hand: bool) -> Entry:
    """The entry of a file whose first face is used; points: that face's, (68, 2), in its crop.

    by_hand: whether a landmark file says which faces there are. Points that a person has placed or
    confirmed are good, whatever there is to remark.
    """
    score, detector = faces[0].score, faces[0].detector
    yaw, pitch = estimate_pose(points).tolist()
    bucket, remarks = GOOD, []
    if max(abs(yaw) / MOST_YAW_DEGREES, abs(pitch) / MOST_PITCH_DEGREES) > 1:
        bucket = EXTREME_POSE
        remarks.append(f"{_pose_in_words(yaw, pitch)}, exclude it if the points are off")
    if len(faces) > 1:
        rivals = sum(face.area_px > RIVAL_SIZE * faces[0].area_px for face in faces[1:])
        bucket = SEVERAL if rivals else bucket
        which = "the first of its landmark file used" if by_hand else "the largest used"
        remarks.insert(0, f"{len(faces)} faces, {which}")
    if score < SURE_SCORE:
        bucket = LOW_CONFIDENCE
        share = f"{int(score * 100)} %"
        remarks.insert(0, f"the detector is only {share} sure, look whether the points fit")
    return Entry(
        name,
        True,
        "; ".join(remarks),
        GOOD if detector == HAND else bucket,
        round(score, 4),
        detector,
        round(yaw, 1),
        round(pitch, 1),
    )


def mark_duplicate(entry: Entry, earlier: str) -> Entry:
    """The entry with the name of the earlier one that looks the same; "" if there is none."""
    # What was said of another one before: it is always the last remark.
    said = _duplicate_remark(entry.twin)
    reason = entry.reason.removesuffix(said).removesuffix("; ") if said else entry.reason
    bucket = GOOD if entry.bucket == DUPLICATE else entry.bucket
    if earlier:
        reason = "; ".join(filter(None, [reason, _duplicate_remark(earlier)]))
        bucket = DUPLICATE if bucket == GOOD and entry.detector != HAND else bucket
    return replace(entry, twin=earlier, bucket=bucket, reason=reason)


def _duplicate_remark(earlier: str) -> str:
    if not earlier:
        return ""
    return f"looks the same as {earlier}, exclude one of them if it should count once"


def _pose_in_words(yaw: float, pitch: float) -> str:
    words = []
    if abs(yaw) > MOST_YAW_DEGREES:
        words.append(f"turned by {abs(yaw):.0f}° to the {'right' if yaw > 0 else 'left'}")
    if abs(pitch) > MOST_PITCH_DEGREES:
        words.append(f"looks {'up' if pitch > 0 else 'down'} by {abs(pitch):.0f}°")
    return " and ".join(words)
