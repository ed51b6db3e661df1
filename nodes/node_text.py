"""A line of text on the node that is running."""

from comfy_execution.utils import get_executing_context


def show_text(text: str) -> None:
    """Shows the text on the running node, in place of the one before."""
    from server import PromptServer  # only a ComfyUI that is up has one

    PromptServer.instance.send_progress_text(text, get_executing_context().node_id)
