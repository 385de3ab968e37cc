"""Runs the capture guest in other interpreters, and lays out on disk what comes back."""
