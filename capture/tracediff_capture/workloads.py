"""What is run: models with random weights that need no download, and the user's own."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, cast

from .errors import GuestError

_BATCH_NAMES = ("batch", "batch_size")


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
        name: a name in WORKLOADS, `package.module:factory` or `path/to/file.py:factory`. A factory takes
            `batch` or `batch_size`, or nothing, or one argument that it needs, which then is the batch size too. It
            returns (module, inputs), the inputs a tensor, a tuple or a mapping of keywords.
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
    if isinstance(inputs, abc.Mapping):
        return (), dict(cast("abc.Mapping[str, Any]", inputs))
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
            # Where dataclasses and pickle look a class's module up.
            sys.modules[spec.name] = module
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
    arguments, keywords = _batch_for(factory, batch)
    made = factory(*arguments, **keywords)
    if not isinstance(made, tuple) or len(made) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise GuestError(f"the factory {name} must return (module, example inputs)")
    return made  # pyright: ignore[reportUnknownVariableType]


def _batch_for(factory: Callable[..., Any], batch: int) -> tuple[tuple[int, ...], dict[str, int]]:
    """The arguments that give a factory the batch size, if it takes one."""
    parameters = inspect.signature(factory).parameters.values()
    for parameter in parameters:
        if parameter.name in _BATCH_NAMES and parameter.kind is not parameter.POSITIONAL_ONLY:
            return (), {parameter.name: batch}
    needed = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return ((batch,) if len(needed) == 1 else ()), {}


WORKLOADS: dict[str, str] = {
    "gtsrb": "gtsrb",
    "resnet50": "resnet50",
    "vit": "vit",
    "bert": "bert",
    "distilbert": "distilbert",
    "roberta": "roberta",
}
"""Name -> function in `models`. To add one: a function there and its line here."""
