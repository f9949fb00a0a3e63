"""The core: alerts, people, ladders and the gateway. Knows no monitoring system and imports nothing by itself.

Entry scripts import ``notifiers.spool`` alone, so this file must stay free of imports.
"""
