"""Writes docs/layers.md from the layers and operations themselves: `python -m sharedsl.layers.docs`."""

from __future__ import annotations

from sharedsl.layers import LAYERS, Layer

_HEAD = """# Layers and operations

Written from the compiler's own tables by `make docs`. Shapes: `B` batch, `T` time, `H`, `W` height and width, `..` any
number of axes. Tensors are batch first; pictures are [B, C, H, W]. FLOPs count 2 for a multiplication and addition in
matrix products, convolutions and attention, as torch's `FlopCounterMode` does.
"""


def layers_markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "\n## Layers\n", *(_layer(layer) for layer in LAYERS.values()), "\n## Operations\n"]
    return "\n".join([*parts, _operations()])


def _layer(layer: Layer) -> str:
    lines = [f"### {layer.name}\n", _paragraphs(layer.doc), ""]
    lines += ["| argument | kind | default | meaning |", "|---|---|---|---|"]
    for param in layer.params:
        default = "" if param.required else f"`{_shown(param.default)}`"
        lines.append(f"| `{param.name}` | {param.kind} | {default} | {param.doc} |")
    lines += ["", f"- shapes: `{layer.shapes}`", f"- parameters: `{layer.count}`", f"- FLOPs: `{layer.cost}`"]
    return "\n".join([*lines, f"- torch: `{layer.torch}`", ""])


def _shown(default: object) -> str:
    return {True: "true", False: "false"}[default] if isinstance(default, bool) else str(default)


def _paragraphs(doc: str) -> str:
    return "\n".join(line.strip() for line in doc.strip().splitlines())


def _operations() -> str:
    from sharedsl.ops import OPS

    lines = ["| operation | meaning |", "|---|---|"]
    for name, op in OPS.items():
        takes = ", ".join(param.name if param.required else f"{param.name}?" for param in op.params)
        doc = _paragraphs(op.doc).split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        lines.append(f"| `{name}({takes})` | {doc} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(layers_markdown(), end="")
