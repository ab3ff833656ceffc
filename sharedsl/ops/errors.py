"""What a shape rule says when its inputs do not fit."""

from __future__ import annotations


class ShapeError(Exception):
    """A sentence for the user, and which input is at fault (its number), where one is."""

    def __init__(self, message: str, arg: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.arg = arg
