"""The guest: captures inside somebody else's Python, with nothing but the standard library and torch."""
