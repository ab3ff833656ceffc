"""Each test of this folder runs over every build in specs/, at its test size."""

from __future__ import annotations

import pytest
import torch

from tests.immunity import builds

#: tests that take seconds for a build, and the builds that they run over each time; the others are run as slow ones
DEAR = ("test_compile", "test_torch_export", "test_onnx", "test_per_sample_gradients")
CORE = (
    *("TiedAutoencoder", "AlbertBase", "AlbertBaseGroups4", "AlbertBasePrivateNorms", "AlbertBaseRelaxed"),
    *("AlbertBaseBasis", "AlbertMaskedLm", "BertBase", "BertMirror", "BertSmall", "T5Small", "T5v11Small"),
    *("Gpt2Small", "Gpt2SmallDecoder", "Gpt2Folded", "Llama3_8BByPlan", "RelaxedTinyLlama", "SiameseNet"),
    *("TwoHeadsOwnNorms", "StackedGruShared", "StackedLstmShared", "TemplateBankNet", "SharedKernelNet"),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "build" in metafunc.fixturenames:
        dear = metafunc.function.__name__ in DEAR
        known = [
            pytest.param(each, id=each[1], marks=[pytest.mark.slow] if dear and each[1] not in CORE else [])
            for each in builds.names()
        ]
        metafunc.parametrize("build", known, indirect=True)


@pytest.fixture
def build(request: pytest.FixtureRequest) -> builds.Built:
    torch.set_num_threads(1)
    return builds.built(*request.param)
