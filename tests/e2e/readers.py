"""Readers that ask for pages without pause, and count how each request ends."""

import collections
import datetime
import http.client
import itertools
import json
import secrets
import threading
import time

from api import digest
from contract import Mismatch
from processes import wait_until

CLIENTS = 6
PATIENCE = 5  # seconds
DAYS = 365
FIRST = datetime.date(2025, 1, 1)
FIELDS = ("inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback",
          "ht_requests", "ht_starts")
QUOTA = 90  # of the 100 that a window has: lighttpd may ask again for itself when a responder ends


class Book:
    """A project with a year of numbers that no other has, and tokens enough to read it for long."""

    def __init__(self, world, project, seed, database="daybook"):
        self.target = (f"/rest/analytics/{project}/messages/daily"
                       f"?from=2025-01-01&to=2026-01-01&limit={DAYS}")
        self.expected = self.page(seed)
        columns = ", ".join(f"{seed + number} * 1000 + day" for number in range(len(FIELDS)))
        world.sql(f"INSERT INTO daybook.daily (project_id, day, counts)"
                  f" SELECT %s, %s::date + day, ARRAY[0, {columns}]"
                  f"   FROM generate_series(0, {DAYS - 1}) AS day",
                  (project, FIRST), database=database)
        tokens = [f"pat-{secrets.token_hex(18)}" for _ in range(1000)]
        world.sql("INSERT INTO daybook.tokens (digest, project_id)"
                  " SELECT digest, %s FROM unnest(%s) AS digest",
                  (project, [digest(token) for token in tokens]), database=database)
        self.requests = ((token, self) for token in tokens for _ in range(QUOTA))

    @staticmethod
    def page(seed):
        """The body that must come, byte for byte."""
        data = [{"date": str(FIRST + datetime.timedelta(day)),
                 **{field: (seed + number) * 1000 + day for number, field in enumerate(FIELDS)}}
                for day in range(DAYS)]
        document = {"status": "SUCCESS", "data": data,
                    "metadata": {"total_days": DAYS, "next_cursor": None}}
        return json.dumps(document, separators=(",", ":")).encode()


def two_books(world, name):
    """Two of them, whose readers could be given each other's pages."""
    made = []
    for number, project in enumerate((f"{name}-a", f"{name}-b"), 1):
        world.admin("project", "create", project)
        made.append(Book(world, project, number * 1_000_000))
    return made


class Load:
    """Clients that ask without pause; counts how each request ends, and keeps what must not be."""

    def __init__(self, server, books):
        self.server = server
        self.lock = threading.Lock()
        self.requests = itertools.chain.from_iterable(zip(*(book.requests for book in books)))
        self.ends = collections.Counter()
        self.wrong = []
        self.stopping = threading.Event()
        self.clients = [threading.Thread(target=self.ask_on) for _ in range(CLIENTS)]

    def ask_on(self):
        while not self.stopping.is_set():
            with self.lock:
                token, book = next(self.requests)
            end = self.ask(token, book)
            with self.lock:
                self.ends[end] += 1
            if end != "whole":
                time.sleep(0.01)

    def ask(self, token, book):
        try:
            response = self.server.ask(book.target, token, timeout=PATIENCE)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        except Mismatch as mismatch:
            self.wrong.append(mismatch)
            return "wrong"
        if response.status != 200:
            return "fault" if b"Internal server error" in response.body else response.status
        # Apache leaves the length out of what a proxied responder says; then a page that is cut off breaks its chunks.
        if response.body != book.expected or response.headers["Content-Length"] not in (None, str(len(book.expected))):
            self.wrong.append(response)
            return "wrong"
        return "whole"

    def await_pages(self, number=100):
        """Waits until so many more pages have come."""
        wanted = self.ends["whole"] + number
        wait_until(lambda: self.wrong or self.ends["whole"] >= wanted, "no pages come any more", 15)
        assert not self.wrong, self.wrong[0]

    def __enter__(self):
        for client in self.clients:
            client.start()
        try:
            self.await_pages()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for client in self.clients:
            client.join(30)
        print(dict(self.ends))
