"""The published schema of `budget --json`. Imports pydantic: load this module only to export or to validate."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Params(_Strict):
    stored: int = Field(description="parameters, each storage once, frozen ones included")
    trainable: int
    frozen: int
    applied: int = Field(description="every site's own full shape, once per application, and private parts")


class Sent(_Strict):
    params: int = Field(description="parameters that are not local")
    bytes: int
    buffers: int = Field(description="numbers in persistent buffers of layers that are not local")
    buffer_bytes: int


class Formula(_Strict):
    expression: str = Field(description="a Python expression over the parameters and run-time sizes")
    parameters: list[str]
    fixed: dict[str, int] = Field(description="parameters that the formula holds fixed, with their values")
    where: list[str] = Field(description="conditions under which it holds")


class Module(_Strict):
    path: str
    layer: str
    stored: int = Field(description="parameters registered here and below")
    applied: int
    flops: int | None
    line: int | None


class Reader(_Strict):
    site: str = Field(description="the weight as one application sees it: `layers[3]@1.attn.q.weight`")
    expression: str


class Storage(_Strict):
    owner: str = Field(description="its key in a checkpoint")
    shape: list[int]
    numel: int
    trainable: bool
    line: int | None
    readers: list[Reader]


class Build(_Strict):
    name: str
    model: str
    plan: str | None
    spec: str
    line: int | None
    sizes: dict[str, int | None]
    params: Params
    buffers: int = Field(description="numbers in persistent buffers")
    sent: Sent | None = Field(description="what a round of federated training sends; null where nothing is local")
    bytes: int = Field(description="parameters and persistent buffers, as a checkpoint holds them")
    flops: int | None = Field(description="one forward, 2 x multiply-accumulates; null without run-time sizes")
    flops_at_most: bool = Field(description="whether `flops` is an upper bound: a loop may stop early")
    state_per_token: int | None = Field(description="numbers kept per token of each sequence")
    formulas: dict[str, Formula]
    modules: list[Module]
    storages: list[Storage]


class Report(_Strict):
    version: int = Field(alias="schema")
    builds: list[Build]


def schema() -> dict[str, object]:
    """The JSON schema."""
    return Report.model_json_schema(by_alias=True)
