"""TPS Portrait: learns a portrait style from a folder of art and paints portraits in it.

ComfyUI imports this file, under whatever name the folder has; everything else waits until
the nodes are asked for.
"""

WEB_DIRECTORY = "web"


async def comfy_entrypoint():
    """Returns the extension that lists the nodes. ComfyUI calls this once, at start-up."""
    from .nodes import TPSPortraitExtension

    return TPSPortraitExtension()
