"""The way to a brevis.one SMS Gateway: requests, transports, answers, health, and the pool of several gateways."""
