"""One folder a monitoring system: entry script, parser, configuration to paste, README. None imports another."""
