"""Models whose saved tensors are counted in more than one way."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Checkpointed(nn.Module):
    """Runs parts one after another, each of which is computed again in the backward pass."""

    def __init__(self, *parts, reentrant=False, random_state=True):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.options = {"use_reentrant": reentrant, "preserve_rng_state": random_state}

    def forward(self, x):
        for part in self.parts:
            x = checkpoint(part, x, **self.options)
        return x


class First(nn.Module):
    """Returns the first of what a module returns, such as the sequence that a recurrent layer computed."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)[0]


class SelfAttention(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.inner = nn.MultiheadAttention(16, 4, dropout=dropout, batch_first=True)

    def forward(self, x):
        return self.inner(x, x, x, need_weights=False)[0]


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


class Reused(nn.Module):
    """Applies one layer several times."""

    def __init__(self, times):
        super().__init__()
        self.layer, self.times = nn.Linear(8, 8), times

    def forward(self, x):
        for _ in range(self.times):
            x = torch.tanh(self.layer(x))
        return x


def mlp():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 4))


def cnn():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, groups=2),
        nn.BatchNorm2d(8),
        nn.SiLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


def encoder_layer(dropout):
    return nn.TransformerEncoderLayer(16, 4, 32, dropout=dropout, batch_first=True)


VECTORS, IMAGES, SEQUENCES = (6, 8), (2, 3, 8, 8), (2, 5, 16)
COUNTED = {
    "MLP": (mlp, VECTORS),
    "CNN": (cnn, IMAGES),
    "encoder layer": (lambda: encoder_layer(0.0), SEQUENCES),
    "encoder layer with dropout": (lambda: encoder_layer(0.1), SEQUENCES),
    "LSTM": (lambda: First(nn.LSTM(16, 8, batch_first=True)), SEQUENCES),
}
CHECKPOINTED = {
    "MLP": (lambda **options: Checkpointed(mlp(), nn.Sequential(nn.Tanh(), nn.Linear(4, 4)), **options), VECTORS),
    "CNN": (lambda **options: Checkpointed(cnn(), **options), IMAGES),
    "encoder layer": (lambda **options: Checkpointed(encoder_layer(0.0), encoder_layer(0.0), **options), SEQUENCES),
    "encoder layer with dropout": (lambda **options: Checkpointed(encoder_layer(0.1), **options), SEQUENCES),
    "LSTM": (lambda **options: Checkpointed(First(nn.LSTM(16, 8, batch_first=True)), nn.Tanh(), **options), SEQUENCES),
}
FAKED = {
    "MLP": (mlp, VECTORS),
    "CNN": (cnn, IMAGES),
    "CNN in one dimension": (lambda: nn.Sequential(nn.Conv1d(5, 8, 3), nn.ELU(), nn.MaxPool1d(2)), SEQUENCES),
    "CNN with group norm": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.LeakyReLU(), nn.AdaptiveAvgPool2d(1)),
        IMAGES,
    ),
    "transposed CNN": (lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 2, stride=2), nn.Softplus()), IMAGES),
    "residual CNN": (lambda: Residual(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU()), IMAGES),
    "upsampling": (lambda: nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(3, 2, 1)), IMAGES),
    "attention": (lambda: SelfAttention(0.0), SEQUENCES),
    "attention with dropout": (lambda: SelfAttention(0.1), SEQUENCES),
    "encoder layer": (lambda: encoder_layer(0.0), SEQUENCES),
    "encoder layer with dropout": (lambda: encoder_layer(0.1), SEQUENCES),
    "GRU": (lambda: First(nn.GRU(16, 8, num_layers=2, batch_first=True)), SEQUENCES),
    "RNN": (lambda: First(nn.RNN(16, 8, batch_first=True)), SEQUENCES),
    "LSTM with projections": (lambda: First(nn.LSTM(16, 8, proj_size=4)), SEQUENCES),
    "layer norm and dropout": (lambda: nn.Sequential(nn.LayerNorm(16), nn.Dropout(0.2), nn.Linear(16, 3)), SEQUENCES),
    "reused layer": (lambda: Reused(3), VECTORS),
    "checkpointed MLP": (lambda: CHECKPOINTED["MLP"][0](random_state=False), VECTORS),
    "bilinear pooling": (lambda: nn.Sequential(nn.Linear(8, 6), nn.Softmax(-1), nn.Hardswish(), nn.PReLU()), VECTORS),
}


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2)), torch.randn(100, 8)
