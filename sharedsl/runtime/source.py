"""The emitted text of a compiled build. Imports no torch."""

from __future__ import annotations

from sharedsl.analysis.identity import shown_path, sources_of, spec_hash
from sharedsl.analysis.pipeline import Compiled
from sharedsl.emit import module_source


def source_of(compiled: Compiled) -> str:
    """The module's text: the same for the same spec, wherever the project lies and whoever compiles it."""
    analysis = compiled.analysis
    path = shown_path(analysis.source.path)
    return module_source(compiled, spec_path=path, spec_hash=spec_hash(analysis), files=sources_of(analysis))
