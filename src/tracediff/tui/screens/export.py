"""The dialog that writes what is shown into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tracediff import files, units
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.exporting import Offer
from tracediff.tui.screens.menu import Choices


class ExportDialog(ModalScreen[Path | None], inherit_bindings=False):
    """Ends with the file that was written, or None.

    Args:
        offers: what can be written.
        stem: the proposed name, without its suffix.
    """

    BINDINGS = bindings(Scope.EXPORT)

    def __init__(self, offers: Sequence[Offer], stem: str) -> None:
        super().__init__()
        self._offers = offers
        self._stem = stem
        self._to_replace: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="export") as dialog:
            dialog.border_title = Text("Export")
            yield Choices(
                *(Option(Text(f"{offer.label} ({offer.suffix})")) for offer in self._offers),
                id="formats",
                markup=False,
            )
            yield Input(id="file", compact=True, select_on_focus=False)
            yield Static(id="advice", markup=False)

    def on_mount(self) -> None:
        self._list.highlighted = 0

    @property
    def _list(self) -> Choices:
        return self.query_one(Choices)

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    @property
    def _offer(self) -> Offer:
        return self._offers[self._list.highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def _propose(self) -> None:
        path = Path(self._input.value or self._stem)
        if path.suffix in {offer.suffix for offer in self._offers}:
            path = path.with_suffix("")
        self._input.value = f"{path}{self._offer.suffix}"
        self._input.cursor_position = len(str(path))

    @on(OptionList.OptionSelected)
    def action_switch(self) -> None:
        """Between the list and the name."""
        (self._input if self._list.has_focus else self._list).focus()

    @on(Input.Changed)
    def _ask_again(self) -> None:
        self._to_replace = None
        self._say("Enter in the name writes it, Tab goes between list and name")

    @on(Input.Submitted)
    def _write(self) -> None:
        if not self._input.value.strip():
            self._say("a file needs a name", "warning")
            return
        path = Path(self._input.value.strip()).expanduser().absolute()
        if path.exists() and not path.is_file():
            self._say(f"{path} is no file: write another name", "error")
        elif path.exists() and path != self._to_replace:
            self._to_replace = path
            self._say(f"{path.name} exists: Enter replaces it, Esc leaves it as it is", "warning")
        else:
            self._put(path)

    def _put(self, path: Path) -> None:
        try:
            files.write_whole(path, [self._offer.render()])
        except OSError as error:
            self._say(f"{path} cannot be written: {error.strerror}", "error")
        else:
            self.dismiss(path)

    def _say(self, text: str, kind: str = "") -> None:
        advice = self.query_one("#advice", Static)
        advice.set_classes(kind)
        advice.update(units.printable(text))
