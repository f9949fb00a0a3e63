"""The exit codes of ``brevisone``; docs/commands.md says the same."""

OK = 0
"""Done."""
PROBLEM = 1
"""A problem was found, or it could not be done."""
USAGE = 2
"""It was called wrongly."""
NOTHING = 3
"""What was asked for is not there."""
PARTLY = 4
"""Some of what was asked for is well, and some is not."""
INTERRUPTED = 130
"""By Ctrl-C, as shells say it."""
