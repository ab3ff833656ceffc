"""From a solved model to the text of one self-contained PyTorch file."""

from sharedsl.emit.module import module_source
from sharedsl.emit.planner import layout
from sharedsl.emit.report import ModulePlan, module_plan

__all__ = ["ModulePlan", "layout", "module_plan", "module_source"]
