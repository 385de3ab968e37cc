"""What is run: models with random weights that need no download, and the user's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, cast

from .errors import GuestError


@dataclass
class Workload:
    """A model and what it is fed.

    Attributes:
        name: as asked for.
        model: a module in evaluation mode.
        inputs, keywords: the arguments of its call.
        about: what the record says of it.
    """

    name: str
    model: Any
    inputs: tuple[Any, ...]
    keywords: dict[str, Any]
    about: dict[str, Any]


def make_workload(name: str, torch: Any, batch: int) -> Workload:
    """Builds a known model, or calls the user's factory.

    Args:
        name: a name in WORKLOADS, `package.module:factory` or `path/to/file.py:factory`. A factory takes nothing,
            or the batch size, and returns (module, inputs), the inputs a tensor, a tuple or a dict of keywords.
        torch: the module.
        batch: examples in one input.

    Raises:
        GuestError: there is no such workload, or it cannot be made.
    """
    if ":" in name:
        model: Any
        model, inputs = _call_factory(_factory(name), batch, name)
    elif name in WORKLOADS:
        from . import models

        model, inputs = getattr(models, WORKLOADS[name])(torch, batch)
    else:
        raise GuestError(
            "there is no workload {!r}. Known are {}, or give package.module:factory".format(name, ", ".join(WORKLOADS))
        )
    if not callable(model):
        raise GuestError(f"the factory {name} returned no model that can be called")
    evaluate = getattr(model, "eval", None)
    if evaluate is not None:
        evaluate()
    positional, keywords = _arguments(inputs)
    return Workload(name, model, positional, keywords, {"name": name, "batch": batch, "model": type(model).__name__})


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(inputs, dict):
        return (), cast("dict[str, Any]", inputs)
    if isinstance(inputs, (tuple, list)):
        return tuple(cast("tuple[Any, ...]", inputs)), {}
    return (inputs,), {}


def _factory(name: str) -> Callable[..., Any]:
    where, _, attribute = name.rpartition(":")
    try:
        if where.endswith(".py"):
            spec = importlib.util.spec_from_file_location("tracediff_user_workload", str(Path(where)))
            if spec is None or spec.loader is None or not Path(where).is_file():
                raise ImportError("no such file")
            module = importlib.util.module_from_spec(spec)
            sys.path.insert(0, str(Path(where).resolve().parent))
            spec.loader.exec_module(module)
        else:
            sys.path.insert(0, "")
            module = importlib.import_module(where)
        if not hasattr(module, attribute):
            raise ImportError(f"it has no {attribute}")
        return getattr(module, attribute)
    except (ImportError, SyntaxError, OSError) as error:
        raise GuestError(f"the workload {name} cannot be loaded: {error}") from error


def _call_factory(factory: Callable[..., Any], batch: int, name: str) -> tuple[Any, Any]:
    import inspect

    arguments = (batch,) if inspect.signature(factory).parameters else ()
    made = factory(*arguments)
    if not isinstance(made, tuple) or len(made) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise GuestError(f"the factory {name} must return (module, example inputs)")
    return made  # pyright: ignore[reportUnknownVariableType]


WORKLOADS: dict[str, str] = {
    "gtsrb": "gtsrb",
    "resnet50": "resnet50",
    "vit": "vit",
    "bert": "bert",
    "distilbert": "distilbert",
    "roberta": "roberta",
}
"""Name -> function in `models`. To add one: a function there and its line here."""
