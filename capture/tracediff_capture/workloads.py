"""What is run: models with random weights that need no download, and the user's own."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

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
    inputs: Tuple[Any, ...]
    keywords: Dict[str, Any] = field(default_factory=dict)
    about: Dict[str, Any] = field(default_factory=dict)


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
        model, inputs = _call_factory(_factory(name), batch, name)
    elif name in WORKLOADS:
        from . import models

        model, inputs = getattr(models, WORKLOADS[name])(torch, batch)
    else:
        raise GuestError(
            "there is no workload %r. Known are %s, or give package.module:factory" % (name, ", ".join(WORKLOADS))
        )
    keywords: Dict[str, Any] = {}
    if isinstance(inputs, dict):
        inputs, keywords = (), dict(inputs)  # pyright: ignore[reportUnknownArgumentType]
    elif not isinstance(inputs, (tuple, list)):
        inputs = (inputs,)
    if not callable(model):
        raise GuestError("the factory %s returned no model that can be called" % name)
    if hasattr(model, "eval"):
        model.eval()
    return Workload(name, model, tuple(inputs), keywords, {"name": name, "batch": batch, "model": type(model).__name__})


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
        return getattr(module, attribute)
    except (ImportError, AttributeError, SyntaxError, OSError) as error:
        raise GuestError("the workload %s cannot be loaded: %s" % (name, error)) from error


def _call_factory(factory: Callable[..., Any], batch: int, name: str) -> Tuple[Any, Any]:
    import inspect

    arguments = (batch,) if inspect.signature(factory).parameters else ()
    made = factory(*arguments)
    if not isinstance(made, tuple) or len(made) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise GuestError("the factory %s must return (module, example inputs)" % name)
    return made  # pyright: ignore[reportUnknownVariableType]


WORKLOADS: Dict[str, str] = {
    "gtsrb": "gtsrb",
    "resnet50": "resnet50",
    "vit": "vit",
    "bert": "bert",
    "distilbert": "distilbert",
    "roberta": "roberta",
}
"""Name -> function in `models`. To add one: a function there and its line here."""
