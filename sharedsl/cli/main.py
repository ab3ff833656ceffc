"""Reads the verb, loads its module and runs it; turns what goes wrong into exit codes."""

from __future__ import annotations

import os
import sys

from sharedsl.cli.terminal import Usage, columns, paint, say, write

#: verb -> (module, what it does)
VERBS = {
    "check": ("check", "say what is wrong with specs"),
    "lint": ("lint", "say what sharing will hurt, and what is unused"),
    "fmt": ("fmt", "write specs in the one style"),
    "compile": ("compile", "write the PyTorch modules of the builds"),
    "budget": ("budget", "parameters, bytes, FLOPs and state of each build"),
    "compare": ("compare", "one model under several sharing plans, side by side"),
    "serve": ("serve", "a page that follows a spec: what is shared, the budget, the plans, the code"),
    "verify": ("verify", "prove that a build computes what its twin without sharing computes"),
    "dump": ("dump", "print a stage of the compiler"),
    "new": ("new", "write a commented spec to start from"),
    "ls": ("ls", "list layers, operations, relations, models, plans, builds, codes"),
    "explain": ("explain", "what a diagnostic code means, with an example and its mend"),
    "lsp": ("lsp", "serve editors: diagnostics, hovers, hints, budgets as one types"),
    "inspect": ("inspect", "which parameters of an existing nn.Module are shared"),
}


def run(args: list[str]) -> int:
    """The exit code: 0 clean, 1 findings, 2 usage or a missing file, 3 a bug of ours."""
    try:
        return _run(args)
    except Usage as problem:
        say(f"sharedsl: {problem}")
        return 2
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 2
    except Exception as problem:
        return _our_bug(problem, args)


def _run(args: list[str]) -> int:
    if not args or args[0] in ("-h", "--help", "help"):
        if args[:1] == ["help"] and args[1:2] and args[1] in VERBS:
            return _run([args[1], "--help"])
        write(overview())
        return 0
    if args[0] in ("--version", "-V", "version"):
        from sharedsl.cli.version import version

        write(f"sharedsl {version()}\n")
        return 0
    if args[0] not in VERBS:
        raise Usage(_no_verb(args[0]))
    return _verb(args[0], args)


def _verb(name: str, args: list[str]) -> int:
    import argparse
    from importlib import import_module

    from sharedsl.cli.options import parse

    module = import_module(f"sharedsl.cli.{VERBS[name][0]}")
    parser = argparse.ArgumentParser(
        prog=f"sharedsl {name}",
        description=module.__doc__,
        epilog=module.EXAMPLES,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=min(columns() - 2, 98)),
        allow_abbrev=False,
    )
    module.configure(parser)
    options = parse(parser, args[1:])
    options.argv = args
    code: int = module.run(options)
    sys.stdout.flush()
    return code


def overview() -> str:
    """What `sharedsl --help` prints."""
    p = paint()
    lines = [
        p("sharedsl", "bold") + ": declare how a neural network shares its weights; compile it to PyTorch.",
        "",
        p("usage", "bold") + ": sharedsl VERB [options]",
        "",
        *(f"  {p(name.ljust(9), 'cyan')} {what}" for name, (_, what) in VERBS.items()),
        "",
        p("examples", "bold") + ":",
        "  sharedsl new model.sdsl --from albert     a spec to start from",
        "  sharedsl check model.sdsl                 what is wrong with it",
        "  sharedsl budget model.sdsl --at B=1,T=128 what it costs",
        "  sharedsl compare model.sdsl --model Albert what sharing saves",
        "  sharedsl compile model.sdsl               the PyTorch module",
        "",
        "`sharedsl VERB --help` tells more.",
        "Exit codes: 0 clean, 1 findings, 2 usage or a missing file, 3 a bug of ours.",
        "",
    ]
    return "\n".join(lines)


def _no_verb(word: str) -> str:
    from sharedsl.diagnostics.nearest import nearest

    guess = nearest(word, VERBS)
    return f"there is no verb `{word}`" + (f"; did you mean `{guess}`?" if guess else f" ({', '.join(VERBS)})")


def _our_bug(problem: Exception, args: list[str]) -> int:
    say(f"sharedsl: this is a bug in sharedsl, not in your spec: {type(problem).__name__}: {problem}")
    if os.environ.get("SHAREDSL_DEBUG"):
        import traceback

        traceback.print_exc()
    else:
        say(f"  Please report it with the spec. `SHAREDSL_DEBUG=1 sharedsl {' '.join(args)}` shows where it happened.")
    return 3
