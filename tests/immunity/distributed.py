"""What two processes do with one build; run by torchrun, see test_distributed.py.

Each process trains on its half of the batch. Whatever wraps the module, the weights have to come out as those of one
process that sees the whole batch, and what is saved has to load anywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict, set_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from tests.immunity.builds import Built, built, first

STEPS = 3
#: rows for each process
ROWS = 2


def owners(model: nn.Module) -> None:
    """Each module that has parameters of its own, then the root: right for every build."""
    for module in reversed(list(model.modules())):
        if module is not model and next(module.parameters(recurse=False), None) is not None:
            fully_shard(module)
    fully_shard(model)


def layers(model: nn.Module) -> None:
    """Each layer of the stack, then the root: the usual way, where no layer reads a part of another one."""
    for module in model.layers:  # type: ignore[union-attr]
        fully_shard(module)
    fully_shard(model)


PLANS: dict[str, Callable[[nn.Module], Any]] = {"root": fully_shard, "owners": owners, "layers": layers}


def train(model: nn.Module, inputs: tuple[Tensor, ...]) -> list[float]:
    """Some clipped steps; the norms of the gradients."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    norms = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        result = model(*inputs)
        sum(each.square().mean() for each in (result if isinstance(result, tuple) else (result,))).backward()
        norms.append(float(whole(nn.utils.clip_grad_norm_(model.parameters(), 0.1))))
        optimizer.step()
    return norms


def whole(value: Tensor) -> Tensor:
    """All of a tensor of which a process may have a part."""
    return value.full_tensor() if hasattr(value, "full_tensor") else value


def equal(found: dict[str, Tensor], wanted: dict[str, Tensor], what: str) -> None:
    assert found.keys() == wanted.keys(), (what, found.keys() ^ wanted.keys())
    for name, value in wanted.items():
        given = whole(found[name])
        assert torch.allclose(given, value, rtol=1e-9, atol=1e-11), (what, name, float((given - value).abs().max()))


def same_on_all(model: nn.Module) -> None:
    for name, value in model.state_dict().items():
        others = [torch.empty_like(value) for _ in range(dist.get_world_size())]
        dist.all_gather(others, value)
        assert all(torch.equal(value, each) for each in others), name


def saved_by_one(state: dict[str, Tensor], file: Path) -> None:
    if dist.get_rank() == 0:
        torch.save(state, file)
    dist.barrier()


class Run:
    """One build, against the same build in one process."""

    def __init__(self, build: Built, folder: Path) -> None:
        self.build, self.folder, self.rank = build, folder, dist.get_rank()
        batch = build.inputs(batch=ROWS * dist.get_world_size())
        mine = slice(self.rank * ROWS, (self.rank + 1) * ROWS)
        batch = tuple(each.double() if each.is_floating_point() else each for each in batch)
        self.inputs = tuple(each[mine] for each in batch)
        alone = self.new()
        self.norms = train(alone, batch)
        self.wanted = alone.state_dict()
        self.stored = sum(each.numel() for each in alone.parameters())

    def new(self, seed: int = 0) -> nn.Module:
        return self.build.new(seed).double()

    def replicated(self) -> None:
        """DistributedDataParallel, and a checkpoint that it leaves."""
        model = self.new()
        wrapped = DistributedDataParallel(model)
        self._norms(train(wrapped, self.inputs))
        equal(model.state_dict(), self.wanted, "ddp")
        same_on_all(model)
        file, other = self.folder / "ddp.pt", self.new(seed=5)
        saved_by_one(model.state_dict(), file)
        other.load_state_dict(torch.load(file), strict=True)
        equal(other.state_dict(), model.state_dict(), "ddp loaded")

    def sharded(self, plan: str) -> None:
        """FSDP2: trained, gathered into a plain module, scattered from one, saved by all and loaded by all."""
        model = self.new()
        PLANS[plan](model)
        self._norms(train(model, self.inputs))
        equal(model.state_dict(), self.wanted, plan)
        self._gathered(model, plan)
        self._scattered(model, plan)
        self._saved_by_all(model, plan)

    def _gathered(self, model: nn.Module, plan: str) -> None:
        file, other = self.folder / f"{plan}.pt", self.new(seed=5)
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        saved_by_one(get_model_state_dict(model, options=options), file)
        other.load_state_dict(torch.load(file), strict=True)
        equal(other.state_dict(), self.wanted, f"{plan} gathered")

    def _scattered(self, model: nn.Module, plan: str) -> None:
        """The usual way to start a large model: no memory, shards, then what rank 0 has read."""
        with torch.device("meta"):
            other = self.build.cls().double().eval()
        PLANS[plan](other)
        other.to_empty(device="cpu")
        other.reset_parameters()  # type: ignore[operator]
        state = torch.load(self.folder / f"{plan}.pt") if self.rank == 0 else {}
        set_model_state_dict(other, state, options=StateDictOptions(full_state_dict=True, broadcast_from_rank0=True))
        equal({**other.state_dict()}, self.wanted, f"{plan} scattered")
        with torch.no_grad():
            torch.testing.assert_close(first(other(*self.inputs)), first(model(*self.inputs)))

    def _saved_by_all(self, model: nn.Module, plan: str) -> None:
        """A distributed checkpoint: every weight once on the disk, loaded with shards and without."""
        at = self.folder / plan
        dcp.save({"model": model.state_dict()}, checkpoint_id=at)
        size = sum(each.stat().st_size for each in at.glob("*.distcp"))
        values = sum(each.numel() * each.element_size() for each in self.wanted.values())
        assert values <= size < values + 4096 * len(self.wanted), (size, values)
        sharded = self.new(seed=5)
        PLANS[plan](sharded)
        for other in (sharded, self.new(seed=5)):
            state = {"model": other.state_dict()}
            dcp.load(state, checkpoint_id=at)
            other.load_state_dict(state["model"], strict=True)
            equal(other.state_dict(), self.wanted, f"{plan} checkpoint")

    def _norms(self, found: list[float]) -> None:
        torch.testing.assert_close(found, self.norms, rtol=1e-9, atol=0)


def main(path: str, name: str, folder: str, *plans: str) -> None:
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    init_device_mesh("cpu", (dist.get_world_size(),))
    try:
        run = Run(built(path, name), Path(folder))
        run.replicated()
        for plan in plans:
            run.sharded(plan)
        if dist.get_rank() == 0:
            print(json.dumps({"stored": run.stored, "norms": run.norms, "plans": plans}))
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
