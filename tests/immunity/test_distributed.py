"""The real torchrun: two processes train a shared build as one would, and what they save loads anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.immunity.builds import ROOT, names

#: a tied table, a folded layer, parts of a layer that others call, products with a factor in common
BUILDS = {
    "Gpt2Small": ("root", "owners", "layers"),
    "AlbertBase": ("root", "owners", "layers"),
    "AlbertBasePrivateNorms": ("root", "owners"),
    "AlbertBaseBasis": ("root", "owners"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDS)
def test_two_processes(name: str, tmp_path: Path) -> None:
    path = next(where for where, each in names() if each == name)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "-m", "tests.immunity.distributed", path, name, str(tmp_path), *BUILDS[name]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-6000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["plans"] == list(BUILDS[name]) and all(norm > 0 for norm in told["norms"])
