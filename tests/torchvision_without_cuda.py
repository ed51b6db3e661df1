"""Lets torchvision be imported where its compiled half doesn't load. Development only.

The torchvision on PyPI is linked against CUDA. Beside a CPU build of torch its C library is
skipped, and then `import torchvision` dies with "operator torchvision::nms does not exist".
Models and transforms need no C library, so it is enough that the two schemas exist.

`make` copies this file into `.venv`, where a .pth file imports it at start-up, so that it
helps every program run from there. It costs nothing until torchvision is imported.
"""

import sys

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
FIRST_USERS = ("torchvision._autograd_registrations", "torchvision._meta_registrations")


class SchemaFinder:
    """Finds no module itself; defines the schemas just before the first module that uses them."""

    library = None  # kept alive: the schemas live as long as this object

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in FIRST_USERS:
            sys.meta_path.remove(cls)
            if not sys.modules["torchvision.extension"]._has_ops():
                import torch

                cls.library = torch.library.Library("torchvision", "FRAGMENT")
                for schema in SCHEMAS:
                    cls.library.define(schema)


sys.meta_path.insert(0, SchemaFinder)
