"""What an emitted file says about where it came from: the spec's path in its project, and a hash of its text."""

from __future__ import annotations

import os
from hashlib import sha256

from sharedsl.analysis.pipeline import Analysis
from sharedsl.source import SourceFile


def project_of(path: str) -> str | None:
    """The folder of the nearest pyproject.toml above a file."""
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def shown_path(path: str) -> str:
    """A spec's path from its project's folder, with forward slashes; its name alone where there is no project."""
    project = project_of(path)
    inside = os.path.relpath(os.path.abspath(path), project) if project else os.path.basename(path)
    return inside.replace(os.sep, "/")


def spec_hash(analysis: Analysis) -> str:
    """Of the spec and of the user's own files that it imports; line ends do not count."""
    here = os.path.dirname(analysis.source.path) or "."
    own = {os.path.relpath(path, here): each for path, each in analysis.sources.items() if not path.startswith("std/")}
    own[os.path.basename(analysis.source.path)] = analysis.source
    digest = sha256()
    for name in sorted(own):
        text = own[name].text.replace("\r\n", "\n")
        digest.update(name.replace(os.sep, "/").encode() + b"\0" + text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]


def sources_of(analysis: Analysis) -> dict[str, SourceFile]:
    """Every file that a span of the analysis may point into."""
    return {**analysis.sources, analysis.source.path: analysis.source}
