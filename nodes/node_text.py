"""What a node tells the person: progress while it runs, and at its end what came of it."""

from comfy_execution.utils import get_executing_context

TOLD = "tps_portrait_told"  # of a node's UI output: a line that web/told.js puts on the node


def show_text(text: str) -> None:
    """Shows the text on the running node, in place of the one before, until the job ends."""
    from server import PromptServer  # only a ComfyUI that is up has one

    PromptServer.instance.send_progress_text(text, get_executing_context().node_id)


def tell(text: str, *, new_file: bool = False) -> dict[str, list[str]]:
    """Tells it in a toast and on the node, where it stays; the UI output that keeps it there.

    Whatever ends a node early leaves it no output, so the message doesn't wait for one.
    new_file: whether a file was saved that lists of names now have.
    """
    from server import PromptServer

    server = PromptServer.instance
    message = {"node": get_executing_context().node_id, "text": text, "new_file": new_file}
    server.send_sync(TOLD, message, server.client_id)
    return {TOLD: [text]}
