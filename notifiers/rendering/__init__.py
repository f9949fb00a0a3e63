"""Alerts become the text of a message here: templates first, a built-in text when a template fails.

The engine calls ``Renderer.render`` at the moment of sending. Nothing here sends, stores or decides.
"""

from notifiers.rendering.occasion import Item, Occasion, Text
from notifiers.rendering.renderer import Renderer

__all__ = ["Item", "Occasion", "Renderer", "Text"]
