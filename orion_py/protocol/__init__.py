"""Defines what page and engine say to each other: requests, events, replies, and the envelope of all three."""

from orion_py.protocol.envelope import *  # noqa: F403 - all of it is the protocol
from orion_py.protocol.events import *  # noqa: F403 - all of it is the protocol
from orion_py.protocol.replies import *  # noqa: F403 - all of it is the protocol
from orion_py.protocol.requests import *  # noqa: F403 - all of it is the protocol
from orion_py.protocol.vocabulary import *  # noqa: F403 - all of it is the protocol
