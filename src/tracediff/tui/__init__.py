"""The Textual front end: shows one Diff, computes nothing."""
