"""Views of a Diff or a Summary as text: they show numbers and make none."""
