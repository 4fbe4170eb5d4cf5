"""The time machine: what is read as of a cut is what a system rebuilt to that cut reads."""
