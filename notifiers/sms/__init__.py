"""Texts as an SMS carries them: how many segments a text takes, and what of it survives within so many.

Pure: the renderer and the command line call it. ``size`` counts, ``plain`` writes in the phone's own alphabet what it
lacks, ``fitting`` shortens. Facts are those of 3GPP TS 23.038 (alphabet) and TS 23.040 (concatenation).
"""

from notifiers.sms.fitting import FIRST, LAST, NEVER, Fitted, Part, fit, fit_units
from notifiers.sms.size import Encoding, Size, is_gsm, measure

__all__ = [
    "FIRST",
    "LAST",
    "NEVER",
    "Encoding",
    "Fitted",
    "Part",
    "Size",
    "fit",
    "fit_units",
    "is_gsm",
    "measure",
]
