"""Runs an entry script in this process, which dies at a fault point: ``armed_script.py POINT EDGE SCRIPT [ARGUMENT…]``.

The script itself is untouched, and is called as a monitoring system calls it.
"""

import os
import sys
import threading  # noqa: F401 - so that threads of an engine in here are watched too

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faultpoints import arm

del sys.path[0]

if __name__ == "__main__":
    point, edge, script, *argv = sys.argv[1:]
    sys.argv = [script, *argv]
    with open(script, encoding="utf-8") as source:
        code = compile(source.read(), script, "exec")
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))  # as the interpreter does; the script takes it away
    arm(point, edge)
    exec(code, {"__name__": "__main__", "__file__": script})  # noqa: S102
