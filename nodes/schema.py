"""What a node says of itself, in old and new versions of ComfyUI alike."""

from comfy_api.latest import io

ESSENTIALS = "Image Tools"  # where ComfyUI's Essentials have what changes images


def schema(search: str, advanced: tuple[str, ...] = (), essential: bool = False, **said):
    """The io.Schema of what is said, of which a version refuses what it doesn't know.

    search: other words by which people look for the node, with commas between them (since 0.11).
    advanced: names of the inputs that the editor shows under its advanced ones. essential: whether
    the node is among the Essentials (since 0.15).
    """
    for setting in said["inputs"]:
        if setting.id in advanced:
            setting.extra_dict["advanced"] = True  # an argument since 0.10; this goes in all
    newer: dict[str, object] = {"search_aliases": search.split(", ")}
    if essential:
        newer["essentials_category"] = ESSENTIALS
    known = io.Schema.__dataclass_fields__
    return io.Schema(**said, **{name: value for name, value in newer.items() if name in known})
