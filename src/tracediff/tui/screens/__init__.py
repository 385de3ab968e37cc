"""The screens: loading, comparison, one row in detail, help, and the sort menu."""
