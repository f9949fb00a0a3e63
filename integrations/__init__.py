"""One folder a monitoring system: entry script, parser, configuration to paste, README. They never import each other."""
