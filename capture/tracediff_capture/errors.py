"""What goes wrong in a way that a user can do something about."""


class GuestError(Exception):
    """Ends the capture; its text becomes one line on the host."""
