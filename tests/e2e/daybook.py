"""What test_upgrade.py takes from the modules beside it."""

from command import DATABASE, DONE, outcome
from processes import wait_until
from servers import Lighttpd
from world import ADMIN, SOURCE, STORE

__all__ = ["ADMIN", "DATABASE", "DONE", "SOURCE", "STORE", "Lighttpd", "outcome", "wait_until"]
