"""Errors as ComfyUI shows them best: it leads with the path of any kind that isn't Python's own."""

from functools import wraps

from comfy_api.latest import io


def with_plain_errors(node: type[io.ComfyNode]) -> type[io.ComfyNode]:
    """The node itself, which from now on raises plain ValueErrors for kinds of the pack's own."""
    execute = node.execute.__func__

    @wraps(execute)
    def plainly(cls, *args, **kwargs):
        try:
            return execute(cls, *args, **kwargs)
        except ValueError as error:
            if type(error).__module__ == "builtins":
                raise
            raise ValueError(str(error)) from error

    node.execute = classmethod(plainly)
    return node
