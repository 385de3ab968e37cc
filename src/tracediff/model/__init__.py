"""What things are: plain, frozen records and columns; no I/O, no formatting, no computation."""
