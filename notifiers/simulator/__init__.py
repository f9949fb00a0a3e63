"""A gateway on your desk: the vendor's HTTP API as a real server, with phones to look at and to answer from.

`brevisone simulate`, the demo and the tests use it; users try their configuration on it before touching their gateway.
"""

from notifiers.simulator.certificate import NoCertificate
from notifiers.simulator.faults import Fault, FaultKind
from notifiers.simulator.forwarding import Forwarded
from notifiers.simulator.phones import Message, Phone, Way
from notifiers.simulator.request_log import Request
from notifiers.simulator.serving import serve_simulator
from notifiers.simulator.settings import (
    Abilities,
    BookContact,
    BookGroup,
    ModemSettings,
    Rule,
    Sender,
    SimulatorSettings,
    Tls,
    User,
)
from notifiers.simulator.settings_file import read_settings
from notifiers.simulator.simulator import Address, Simulator

__all__ = [
    "Abilities",
    "Address",
    "BookContact",
    "BookGroup",
    "Fault",
    "FaultKind",
    "Forwarded",
    "Message",
    "ModemSettings",
    "NoCertificate",
    "Phone",
    "Request",
    "Rule",
    "Sender",
    "Simulator",
    "SimulatorSettings",
    "Tls",
    "User",
    "Way",
    "read_settings",
    "serve_simulator",
]
