"""The primitive layers: what they take, what they hold, what they cost, and the torch code that they become."""

from sharedsl.layers.base import Layer, LayerInput, LayerParam
from sharedsl.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose2d
from sharedsl.layers.embedding import Embedding
from sharedsl.layers.linear import Linear
from sharedsl.layers.norms import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from sharedsl.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, Dropout, MaxPool2d
from sharedsl.layers.recurrent import GRU, LSTM, RNN

_ALL: tuple[Layer, ...] = (
    Linear(),
    Embedding(),
    LayerNorm(),
    RMSNorm(),
    GroupNorm(),
    BatchNorm1d(),
    BatchNorm2d(),
    Conv1d(),
    Conv2d(),
    Conv3d(),
    ConvTranspose2d(),
    MaxPool2d(),
    AvgPool2d(),
    AdaptiveAvgPool2d(),
    RNN(),
    GRU(),
    LSTM(),
    Dropout(),
)

LAYERS: dict[str, Layer] = {layer.name: layer for layer in _ALL}

__all__ = ["LAYERS", "Layer", "LayerInput", "LayerParam"]
