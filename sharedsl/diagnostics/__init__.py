"""What is told to users: the record, and one renderer a file."""

from sharedsl.diagnostics.record import Diagnostic, Edit, Fix, InternalError, Label, error

__all__ = ["Diagnostic", "Edit", "Fix", "InternalError", "Label", "error"]
