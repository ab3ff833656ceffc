"""A spec that is followed: read again when it, or a file that it imports, is written; the last good view is kept."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sharedsl.analysis.library import read_file
from sharedsl.analysis.pipeline import Analysis, Broken, analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics import json as as_json
from sharedsl.diagnostics.paint import Paint
from sharedsl.diagnostics.text import full
from sharedsl.serve.choices import choices, compare
from sharedsl.serve.findings import findings, settings_files
from sharedsl.serve.view import spec_text, view
from sharedsl.source import SourceFile
from sharedsl.syntax.read import read_source

Stamp = tuple[int, int, int]
#: how often files are looked at, and how long they must stay as they are: an editor may write in two steps
_EVERY, _QUIET = 0.2, 0.05
#: views that are kept
_KEEP = 24


class Unknown(Exception):
    """Nothing of this name can be looked at."""


class Live:
    """What the page asks for. Safe to be asked by several threads; they take turns."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.version = 0
        self._turn = threading.Condition()
        self._work = threading.Lock()
        self._stamps: dict[str, Stamp | None] = {}
        self._source = SourceFile(path, "")
        self._analysis: Analysis | None = None
        self._problems: tuple[Diagnostic, ...] = ()
        self._views: OrderedDict[tuple[int, str, tuple[tuple[str, int], ...]], dict[str, Any]] = OrderedDict()
        #: choice -> its last good view
        self._good: dict[str, dict[str, Any]] = {}
        self._names: list[dict[str, object]] = []
        #: what was asked for since the spec was read
        self._answers: dict[object, dict[str, Any]] = {}
        self.read()

    # ------------------------------------------------------------------------ following

    def read(self) -> None:
        """The spec as it is now."""
        with self._work:
            # taken before each text is read: what is written meanwhile is seen at the next look
            stamps = {each: stamp(each) for each in (self.path, *settings_files(self.path))}

            def load(path: str) -> SourceFile | None:
                stamps.setdefault(path, stamp(path))
                return read_file(path)

            source = read_source(self.path)
            if isinstance(source, Diagnostic):
                self._problems, self._analysis = (source,), None
            else:
                self._source = source
                self._analysis = analyze(source, load=load)
                self._problems = self._analysis.diagnostics
                if not (self._analysis.misread and self._names):  # half a text has lost its builds for a moment only
                    self._names = [_named(each) for each in choices(self._analysis)]
            self._stamps = stamps
            self._views.clear()
            self._answers.clear()
        with self._turn:
            self.version += 1
            self._turn.notify_all()

    def follow(self, ended: threading.Event) -> None:
        """Reads again whenever something was written, until `ended`."""
        while not ended.wait(_EVERY):
            if not self._changed():
                continue
            before: dict[str, Stamp | None] = {}
            while before != (before := {path: stamp(path) for path in self._stamps}):
                time.sleep(_QUIET)
            self.read()

    def _changed(self) -> bool:
        return any(stamp(path) != before for path, before in self._stamps.items())

    def wait(self, version: int, seconds: float) -> int:
        """The version, as soon as it is another than `version`, or after so many seconds."""
        with self._turn:
            self._turn.wait_for(lambda: self.version != version, seconds)
            return self.version

    def wake(self) -> None:
        """Lets everyone go who waits."""
        with self._turn:
            self.version += 1
            self._turn.notify_all()

    # ------------------------------------------------------------------------ answers

    def state(self) -> dict[str, Any]:
        """The spec's text, what is wrong with it, and what can be looked at."""
        with self._work:
            return {
                "version": self.version,
                "path": self.path,
                "spec": spec_text(self._source),
                "choices": self._names,
                "failed": any(each.severity == "error" for each in self._problems),
                "diagnostics": self._told(self._problems),
            }

    def view(self, name: str, at: Mapping[str, int]) -> dict[str, Any]:
        """A choice's view. Where the spec has a mistake in it: the last good one, marked as stale."""
        key = (self.version, name, tuple(sorted(at.items())))
        with self._work:
            if key in self._views:
                return self._views[key]
            if name not in {each["name"] for each in self._names} and name not in self._good:
                raise Unknown(name)
            answer = self._answer(lambda analysis: view(analysis, name, at))
            if answer["view"] is not None:
                self._good[name] = answer["view"]
            else:
                answer["view"], answer["stale"] = self._good.get(name), True
            self._views[key] = answer
            while len(self._views) > _KEEP:
                self._views.popitem(last=False)
            return answer

    def plans(self, model: str, at: Mapping[str, int]) -> dict[str, Any]:
        """All choices of a model, with their totals."""
        key = ("plans", model, tuple(sorted(at.items())))
        with self._work:
            if model not in {each["model"] for each in self._names}:
                raise Unknown(model)
            if key not in self._answers:
                answer = self._answer(lambda analysis: compare(analysis, model, at))
                self._answers[key] = {"rows": answer["view"] or [], "diagnostics": answer["diagnostics"]}
            return self._answers[key]

    def lint(self) -> dict[str, Any]:
        """What is legal and will hurt; asked for after the view, which need not wait for it."""
        with self._work:
            if "lint" not in self._answers:
                found, said = findings(self._analysis) if self._analysis is not None else ([], "")
                self._answers["lint"] = {"version": self.version, "findings": self._told(found), "settings": said}
            return self._answers["lint"]

    def _answer(self, make: Callable[[Analysis], Any]) -> dict[str, Any]:
        if self._analysis is None:
            return {"view": None, "stale": True, "diagnostics": self._told(self._problems)}
        try:
            return {"view": make(self._analysis), "stale": False, "diagnostics": []}
        except Broken as problem:
            return {"view": None, "stale": True, "diagnostics": self._told(problem.diagnostics)}

    def _told(self, problems: Sequence[Diagnostic]) -> list[dict[str, Any]]:
        """As data, each with its text as `sharedsl check` has it."""
        sources = {self._source.path: self._source, **(self._analysis.sources if self._analysis is not None else {})}
        found = as_json.document(problems, sources)["diagnostics"]
        assert isinstance(found, list)
        texts = [full([each], sources, Paint(colour=False)).strip() for each in problems]
        return [{**each, "rendered": text} for each, text in zip(found, texts, strict=True)]


def _named(choice: Any) -> dict[str, object]:
    return {"name": choice.name, "model": choice.model, "plan": choice.plan, "build": choice.build}


def stamp(path: str) -> Stamp | None:
    """When a file was written last, its size and its number; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
