"""What every screen has: the user's keys and theme, signs that the terminal can show, copying, and a quiet end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter, Monochrome, NoColor
from textual.notifications import SeverityLevel
from textual.screen import Screen

from tracediff import units
from tracediff.tui.actions import TABS, Scope, bindings, written
from tracediff.tui.glyphs import AsciiOnly, is_utf8
from tracediff.tui.palette import readable
from tracediff.tui.settings import read_settings
from tracediff.tui.tabular import Tabular, tab_separated, tabular_of

SHORT_S, LONG_S = 3, 8
"""For how long messages stay that one expects, and those that one has to read."""

_NO_COLOR = NoColor()


class TerminalApp(App[int], inherit_bindings=False):
    """An app as its user wants it.

    Args:
        ascii_only: whether to draw in ASCII only; None: as the user's settings or the locale say.

    Attributes:
        error: why there is nothing to show any more.
        settings: what the user wants every time.
    """

    BINDINGS = bindings(Scope.APP)

    def __init__(self, ascii_only: bool | None) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.settings = read_settings(self.available_themes, TABS)
        wishes = (ascii_only, self.settings.ascii, not is_utf8(os.environ))
        self._ascii = AsciiOnly(enabled=next(wish for wish in wishes if wish is not None))

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = [*super().get_line_filters(), *([self._ascii] if self._ascii.enabled else [])]
        if not self.native_ansi_color:
            return filters
        # Textual chose how to honour NO_COLOR before it knew the theme; of the terminal's own colours none is a grey.
        return [_NO_COLOR if isinstance(one, Monochrome) else one for one in filters]

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = readable(super().get_css_variables())
        return self.theme_variables

    def get_key_display(self, binding: Binding) -> str:
        return written(binding.key)

    def _fatal_error(self) -> None:
        # Textual would print a page. Whoever runs the app says what happened, once the terminal is itself again.
        self.error = self.error or self._exception
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        if self.settings.theme:
            self.theme = self.settings.theme
        elif self.console.color_system == "standard":
            # Of 16 colours the terminal's own tell more from less; the nearest to those of other themes are greys.
            self.theme = "ansi-dark"
        self.set_keymap(self.settings.keys)
        if self.settings.problems:
            self.tell("\n".join(self.settings.problems), "warning", LONG_S, title=self.settings.path)

    def tell(
        self, text: str, severity: SeverityLevel = "information", timeout: float = SHORT_S, title: str = ""
    ) -> None:
        """Shows a message in a corner."""
        self.notify(text, title=title, severity=severity, timeout=timeout)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """As Textual's, but names of a trace in a message are never mark-up, whoever shows it."""
        lines = "\n".join(map(units.printable, message.splitlines()))
        super().notify(lines, title=units.printable(title), severity=severity, timeout=timeout, markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The actions that have a key where the palette was called from, and the theme."""
        yield SystemCommand("Theme", "choose other colours", self.action_change_theme)
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.action in seen or not active.enabled or not binding.description:
                continue
            seen.add(binding.action)
            run = partial(self.run_action, binding.action, active.node)
            yield SystemCommand(f"{binding.description} ({written(binding.key)})", binding.tooltip, run)

    def action_copy_line(self) -> None:
        """Copies the line under the cursor, of what has the focus: another one would be a surprise."""
        focused = self.screen.focused
        line = focused.line_under_cursor() if isinstance(focused, Tabular) else None
        if line is None:
            self.tell("no line under the cursor", "warning")
        else:
            self.copy_to_clipboard(tab_separated([line]))
            self.tell(" ".join(filter(None, map(str.strip, line))), title="Copied")

    def action_copy_table(self) -> None:
        """Copies all lines on show, with their titles."""
        if shown := tabular_of(self.screen):
            table = shown.as_table()
            self.copy_to_clipboard(tab_separated([table.titles, *table.rows] if any(table.titles) else table.rows))
            self.tell(units.count(len(table.rows), "line"), title="Copied")
        else:
            self.tell("no lines here", "warning")
