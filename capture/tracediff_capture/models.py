"""Models in plain torch with random weights; the encoders from `transformers` where those work."""

from __future__ import annotations

import importlib
from typing import Any, Tuple

ModelAndInputs = Tuple[Any, Tuple[Any, ...]]


def gtsrb(torch: Any, batch: int) -> ModelAndInputs:
    """The traffic-sign CNN of Arm's learning path on profiling PyTorch inference."""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(3, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(1600, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 43),
    )
    return model, (torch.rand(batch, 3, 32, 32),)


def resnet50(torch: Any, batch: int) -> ModelAndInputs:
    """ResNet-50 (He et al. 2015) at 224x224, as torchvision lays it out."""
    nn = torch.nn

    def convolution(inside: int, outside: int, size: int, stride: int = 1) -> list[Any]:
        return [nn.Conv2d(inside, outside, size, stride, size // 2, bias=False), nn.BatchNorm2d(outside)]

    class Bottleneck(nn.Module):
        def __init__(self, inside: int, width: int, stride: int) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.body = nn.Sequential(
                *convolution(inside, width, 1),
                nn.ReLU(inplace=True),
                *convolution(width, width, 3, stride),
                nn.ReLU(inplace=True),
                *convolution(width, 4 * width, 1),
            )
            same = stride == 1 and inside == 4 * width
            self.shortcut = nn.Identity() if same else nn.Sequential(*convolution(inside, 4 * width, 1, stride))
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x: Any) -> Any:
            return self.relu(self.body(x) + self.shortcut(x))

    layers: list[Any] = [*convolution(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inside = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            layers.append(Bottleneck(inside, width, stride if block == 0 else 1))
            inside = 4 * width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000)]
    return nn.Sequential(*layers), (torch.rand(batch, 3, 224, 224),)


def vit(torch: Any, batch: int) -> ModelAndInputs:
    """ViT-B/16 (Dosovitskiy et al. 2020) at 224x224."""
    nn = torch.nn

    class VisionTransformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.patches = nn.Conv2d(3, 768, 16, 16)
            self.position = nn.Parameter(torch.rand(1, 197, 768))
            self.token = nn.Parameter(torch.rand(1, 1, 768))
            self.encoder = _encoder(torch, layers=12)
            self.head = nn.Linear(768, 1000)

        def forward(self, x: Any) -> Any:
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
            return self.head(self.encoder(x)[:, 0])

    return VisionTransformer(), (torch.rand(batch, 3, 224, 224),)


def bert(torch: Any, batch: int) -> ModelAndInputs:
    """BERT-base (Devlin et al. 2018), 128 tokens."""
    return _language_model(torch, batch, "Bert", layers=12)


def distilbert(torch: Any, batch: int) -> ModelAndInputs:
    """DistilBERT (Sanh et al. 2019), 128 tokens."""
    return _language_model(torch, batch, "DistilBert", layers=6)


def roberta(torch: Any, batch: int) -> ModelAndInputs:
    """RoBERTa-base (Liu et al. 2019), 128 tokens."""
    return _language_model(torch, batch, "Roberta", layers=12)


def _language_model(torch: Any, batch: int, family: str, layers: int) -> ModelAndInputs:
    tokens = torch.randint(5, 28_000, (batch, 128))
    try:
        transformers: Any = importlib.import_module("transformers")
        config = getattr(transformers, family + "Config")(return_dict=False)
        return getattr(transformers, family + "Model")(config), (tokens,)
    except (ImportError, AttributeError, NameError, RuntimeError, TypeError, ValueError):
        # Not there, or too new for this torch, which it tells in many ways and at times not before the last line.
        return _plain_language_model(torch, layers), (tokens,)


def _plain_language_model(torch: Any, layers: int) -> Any:
    nn = torch.nn

    class LanguageModel(nn.Module):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.words = nn.Embedding(30_522, 768)
            self.positions = nn.Embedding(512, 768)
            self.norm = nn.LayerNorm(768)
            self.encoder = _encoder(torch, layers)
            self.pooler = nn.Linear(768, 768)

        def forward(self, tokens: Any) -> Any:
            places = torch.arange(tokens.shape[1], device=tokens.device)
            x = self.encoder(self.norm(self.words(tokens) + self.positions(places)))
            return torch.tanh(self.pooler(x[:, 0]))

    return LanguageModel()


def _encoder(torch: Any, layers: int) -> Any:
    """Encoder layers of width 768 that compute attention step by step, as `transformers` did for years."""
    nn = torch.nn

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.query, self.key, self.value = nn.Linear(768, 768), nn.Linear(768, 768), nn.Linear(768, 768)
            self.output, self.norm = nn.Linear(768, 768), nn.LayerNorm(768)
            self.inner, self.outer, self.last_norm = nn.Linear(768, 3072), nn.Linear(3072, 768), nn.LayerNorm(768)

        def forward(self, x: Any) -> Any:
            batch, length, width = x.shape
            query, key, value = (
                part(x).view(batch, length, 12, 64).transpose(1, 2) for part in (self.query, self.key, self.value)
            )
            weights = torch.softmax(torch.matmul(query, key.transpose(-1, -2)) / 8.0, -1)
            mixed = torch.matmul(weights, value).transpose(1, 2).reshape(batch, length, width)
            x = self.norm(x + self.output(mixed))
            return self.last_norm(x + self.outer(nn.functional.gelu(self.inner(x))))

    return nn.Sequential(*(Layer() for _ in range(layers)))
