"""Tell which parameters of an existing nn.Module are shared, by whom, and what that saves."""

from __future__ import annotations

import argparse
import json

from sharedsl.cli.terminal import Usage, write

EXAMPLES = """examples:
  sharedsl inspect generated/language/gpt2_small.py:Gpt2Small
  sharedsl inspect mymodel.py:Net --args '{"dim": 64}'
  sharedsl inspect transformers:T5ForConditionalGeneration --args '{"num_layers": 2}'

The module is imported and the class is made without arguments (or with those of --args), on the meta device.
A class of transformers is made from its config, which then takes the arguments.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FILE.py:Class", help="a class derived from nn.Module, in a file or a module")
    parser.add_argument(
        "--args", default="{}", metavar="JSON", help="keyword arguments for the class, as a JSON object"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    try:
        arguments = json.loads(options.args)
    except ValueError as problem:
        raise Usage(f"--args is not JSON: {problem}") from None
    if not isinstance(arguments, dict):
        raise Usage("--args wants a JSON object of keyword arguments")
    from sharedsl.runtime.inspect import inspect_class, load_class

    try:
        kind = load_class(options.target)
    except ValueError as problem:
        raise Usage(str(problem)) from None
    except Exception as problem:
        raise Usage(f"importing {options.target} fails: {type(problem).__name__}: {problem}") from None
    try:
        found = inspect_class(kind, arguments)
    except Exception as problem:
        raise Usage(f"{kind.__name__} cannot be made: {type(problem).__name__}: {problem}") from None
    write(json.dumps(found.to_json(), indent=2) + "\n" if options.json else f"{found}\n")
    return 0
