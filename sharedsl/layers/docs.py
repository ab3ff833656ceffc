"""Writes docs/layers.md from the layers and operations themselves: `python -m sharedsl.layers.docs`."""

from __future__ import annotations

from sharedsl.layers import LAYERS, Layer
from sharedsl.layers.inits import INITS
from sharedsl.ops import GROUPS, Operation
from sharedsl.pytree.literals import constant

_HEAD = """# Layers and operations

Written from the compiler's own tables by `make docs`. Shapes: `B` batch, `T` time, `H`, `W` height and width, `..` any
number of axes. Tensors are batch first; pictures are [B, C, H, W]. FLOPs count 2 for a multiplication and addition in
matrix products, convolutions and attention, as torch's `FlopCounterMode` does.
"""


def layers_markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "## Layers\n", *map(_layer, LAYERS.values()), "## Operations\n"]
    parts += [_group(title, group) for title, group in GROUPS]
    return "\n".join([*parts, "## Initialisers\n", _inits()])


def _layer(layer: Layer) -> str:
    lines = [f"### {layer.name}\n", layer.doc, ""]
    if layer.params:
        lines += ["| argument | kind | default | meaning |", "|---|---|---|---|"]
    for param in layer.params:
        default = "" if param.required else f"`{_shown(param.default)}`"
        lines.append(f"| `{param.name}` | {param.kind} | {default} | {param.doc} |")
    lines += ["", f"- shapes: {layer.shapes}", f"- parameters: {layer.counts}", f"- FLOPs: {layer.work}"]
    return "\n".join([*lines, f"- torch: `{layer.torch}`", ""])


def _shown(default: object) -> str:
    """A default as the language writes it."""
    words = {None: "none", True: "true", False: "false"}
    return words[default] if default is None or isinstance(default, bool) else constant(default)


def _group(title: str, group: tuple[Operation, ...]) -> str:
    lines = [f"### {title}\n", "| operation | meaning |", "|---|---|"]
    lines += [f"| `{operation.name}` | {operation.doc.replace('|', chr(92) + '|')} |" for operation in group]
    return "\n".join([*lines, ""])


def _inits() -> str:
    lines = ["| initialiser | arguments | what it fills with |", "|---|---|---|"]
    lines += [f"| `{name}` | {takes} | {meaning} |" for name, takes, meaning in INITS]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(layers_markdown(), end="")
