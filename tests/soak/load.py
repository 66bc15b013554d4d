"""Who keeps the system busy: readers that check each answer, writers that insist, and upkeep."""

import contextlib
import http.client
import json
import random
import threading
import time

import psycopg2

from command import DATABASE, DONE, REFUSED
from faults import FAULT
from sessions import write_at_once
from truth import FIXED, REFUSED as REFUSED_TARGETS, UNKNOWN, WRITTEN
from world import SOURCE

PAUSE = 0.02      # seconds, between what one thread does and does next
PATIENCE = 30     # seconds that a reader waits for an answer
LEAVE = 60        # seconds that a writer has, when all is over, to have its last events acknowledged
REFRESH_EVERY = 2  # seconds


class Tokens:
    """So many of a project that none ever runs out of its requests. So a 429 is a wrong answer."""

    def __init__(self, world, project, count):
        self.lock, self.next = threading.Lock(), 0
        self.tokens = [f"pat-{project:0>24}{n:012}" for n in range(count)]
        world.sql("INSERT INTO daybook.tokens (digest, project_id)"
                  " SELECT sha256(convert_to(token, 'UTF8')), %s FROM unnest(%s) AS token", (project, self.tokens))

    def take(self):
        with self.lock:
            self.next = (self.next + 1) % len(self.tokens)
            return self.tokens[self.next]


class Reader:
    """Asks over one connection that it keeps, and judges what comes back."""

    def __init__(self, campaign, number):
        self.campaign, self.number = campaign, number
        self.rng = random.Random(number)
        self.connection = None

    def run(self):
        while not self.campaign.is_over.wait(PAUSE):
            choice = self.rng.random()
            if choice < 0.3:
                self.ask_written()
            elif choice < 0.4:
                self.ask_refused()
            else:
                self.ask_fixed()
        self.close()

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def ask(self, target, token, status, is_right):
        """One request whose right answer has that status and a body of which is_right() is true."""
        began = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.campaign.server.port, timeout=PATIENCE)
            self.connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
            response = self.connection.getresponse()
            found, body = response.status, response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            kind = "none"
        else:
            kind = "200" if status == 200 else "4xx"
            if found != status or not is_right(body):
                kind = fault_kind(found, body, self.campaign.tally.fault.ends_responders)
        self.campaign.tally.answer(self.number, kind, time.monotonic() - began)
        if kind == "WRONG":
            self.campaign.tally.example(target, found, body)

    def ask_fixed(self):
        """A page that never changes, to the byte. Half of them are asked for again and again, so that they are kept."""
        targets = self.campaign.targets
        target = self.rng.choice(targets) if self.rng.random() < 0.5 else targets[self.number * 7 % len(targets)]
        right = self.campaign.truth.pages[target]
        self.ask(target, self.campaign.tokens[FIXED].take(), 200, lambda body: body == right)

    def ask_refused(self):
        target, whose, status, right = self.rng.choice(REFUSED_TARGETS)
        tokens = self.campaign.tokens
        token = {"own": tokens[FIXED].take, "other": tokens[WRITTEN].take, "unknown": lambda: UNKNOWN}[whose]()
        self.ask(target, token, status, lambda body: body == right)

    def ask_written(self):
        """A number that grows: no less than was acknowledged before, no more than was sent until after."""
        ledger = self.campaign.ledger
        slot = self.rng.choice(ledger.slots())
        target, field = ledger.question(slot)
        least = ledger.acknowledged[slot]

        def is_right(body):
            with contextlib.suppress(ValueError, KeyError):
                (row,) = json.loads(body)["data"]
                return least <= row[field] <= ledger.sent[slot]
            return False

        self.ask(target, self.campaign.tokens[WRITTEN].take(), 200, is_right)


def fault_kind(status, body, ends_responders):
    """What an answer is that is not the right one: a fault that is told as such, or wrong."""
    if status in (500, 503) and body == FAULT:
        return str(status)
    # Of a responder that died, the web server tells in its own words.
    if ends_responders and status in (500, 502, 503, 504) and (
            body == (SOURCE / "errors" / f"{status}.html").read_bytes()):
        return "server's"
    return "WRONG"


class Writer:
    """Appends events, one or five at a time, each until it is acknowledged: so some are delivered twice."""

    def __init__(self, campaign, number):
        self.campaign, self.name = campaign, f"w{number}"
        self.rng = random.Random(number)
        self.connection, self.sent = None, 0

    def run(self):
        while not self.campaign.is_over.wait(PAUSE * 2):
            numbers = range(self.sent, self.sent + self.rng.choice([1, 1, 1, 5]))
            self.sent = numbers.stop
            self.campaign.ledger.add(self.campaign.ledger.sent, numbers)
            if not self.deliver(numbers):
                self.campaign.tally.wrong(f"{self.name} cannot write for {LEAVE} s after the last fault")
                return

    def deliver(self, numbers):
        """Returns true once they are acknowledged, however long it takes; false if all is over for too long."""
        ledger = self.campaign.ledger
        until = None
        while until is None or time.monotonic() < until:
            try:
                if self.connection is None:
                    self.connection = psycopg2.connect(
                        self.campaign.world.conninfo("daybook_platform") + " connect_timeout=5")
                write_at_once(self.connection, [ledger.event(self.name, number) for number in numbers])
                self.connection.commit()
                ledger.add(ledger.acknowledged, numbers)
                self.campaign.tally.count("events", len(numbers))
                return True
            except psycopg2.Error:
                self.drop()
                time.sleep(0.1)
            if until is None and self.campaign.is_over.is_set():
                until = time.monotonic() + LEAVE
        return False

    def drop(self):
        with contextlib.suppress(psycopg2.Error):
            if self.connection is not None:
                self.connection.close()
        self.connection = None


class Upkeep:
    """What timers and an operator do: a refresh every two seconds, now and then verify and retention."""

    def __init__(self, campaign):
        self.campaign = campaign

    def run(self):
        turn = 0
        while not self.campaign.is_over.wait(REFRESH_EVERY):
            turn += 1
            self.do("refresh")
            if turn % 3 == 0:
                self.do("verify")
            if turn % 5 == 0:
                self.do("retention", "--raw", str(self.campaign.raw_days))

    def do(self, *command):
        """Runs a command of the tool. That the database is out of reach is no error of it; anything else is."""
        tally = self.campaign.tally
        before = tally.fault
        result = self.campaign.world.admin(*command, check=False)
        if result.returncode == DONE:
            tally.count("upkeep")
        elif result.returncode == DATABASE and (before.hits_database or tally.fault.hits_database):
            tally.count("upkeep failed")
            self.campaign.note(command[0], result.stderr)
        elif command[0] == "verify" and result.returncode == REFUSED:
            tally.wrong("verify", result.stdout, result.stderr)
        else:
            tally.wrong(command, result.returncode, result.stderr)
