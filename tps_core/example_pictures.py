"""The portrait and the picture of art that come with the pack."""

from .folders import PACK

PHOTO = PACK / "workflows" / "pictures" / "photo.jpg"
ART = PACK / "workflows" / "pictures" / "art.jpg"
EXAMPLES = (PHOTO, ART)
