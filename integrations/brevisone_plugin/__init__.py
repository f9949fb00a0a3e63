"""The drop-in for the ``notify-brevisone`` plugin: what it hands over becomes alerts here.

The entry script imports this package on its usual way, so nothing is loaded before it is asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from integrations.brevisone_plugin.parser import Plugin

    integration: Plugin


def __getattr__(name: str) -> "Plugin":
    if name != "integration":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from integrations.brevisone_plugin.parser import Plugin

    return Plugin()
