"""The guest that captures traces inside somebody else's Python: nothing but stdlib and torch."""
