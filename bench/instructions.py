"""How many instructions a responder takes for a request, in user space: what is the same however busy the machine is.

A FastCGI client asks a responder that runs under Callgrind: so often, then twice as often, by another. The difference
is that of the requests alone, as both start, connect and prepare.

Valgrind's processor has no instructions for SHA-256. Where a machine has them, a digest takes fewer than is told here.
"""

import argparse
import datetime
import re
import shutil
import sys

from data import PROJECT, Data
from rig import print_table
from startup import Responder, question
from world import World

PROJECTS, DAYS, PAGE, REQUESTS = 8, 130, 30, 200
MESSAGES, CHATS = "analytics/%s/messages/daily", "dashboard/%s/chats/count"
# What lighttpd says of a request beside what is asked.
ENVIRONMENT = {"CONTENT_LENGTH": "0", "SCRIPT_NAME": "", "PATH_INFO": "", "DOCUMENT_ROOT": "/var/www/html/",
               "SCRIPT_FILENAME": "/var/www/html/rest", "REDIRECT_STATUS": "200", "SERVER_PROTOCOL": "HTTP/1.1",
               "SERVER_SOFTWARE": "lighttpd/1.4.69", "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_SCHEME": "http",
               "SERVER_PORT": "80", "SERVER_ADDR": "192.0.2.1", "SERVER_NAME": "daybook.example",
               "REMOTE_ADDR": "192.0.2.2", "REMOTE_PORT": "50000", "HTTP_HOST": "daybook.example",
               "HTTP_ACCEPT": "*/*", "HTTP_USER_AGENT": "instructions.py"}


def target(data, i, kpi=MESSAGES):
    """A page; none of the first hundreds is another's."""
    start = data.first_day + datetime.timedelta(i // PROJECTS % (DAYS - PAGE))
    end = start + datetime.timedelta(PAGE)
    return f"/rest/{kpi % f'p{PROJECT + i % PROJECTS}'}?from={start}&to={end}"


def of_project(tokens, i):
    """A token of the project of the page, and another one for each round of pages."""
    return tokens.first + i % PROJECTS * tokens.each + i // PROJECTS % tokens.each


# Under Callgrind all takes fifty times as long.
PATIENCE = {"DAYBOOK_TIMEOUT_MS": "60000", "DAYBOOK_IO_TIMEOUT_MS": "60000"}

# Of each case the status, the page and the number of the token for request i.
CASES = {
    f"{PAGE} days of six numbers, rows read": (200, lambda data, i: (target(data, i), of_project(data.all, i))),
    f"{PAGE} days of one number, rows read": (200, lambda data, i: (target(data, i, CHATS),
                                                                    of_project(data.all, i))),
    f"{PAGE} days of six numbers, kept": (200, lambda data, i: (target(data, 0), data.all.first + i % data.all.each)),
    "401": (401, lambda data, i: (target(data, i), 7)),
    "429": (429, lambda data, i: (target(data, i), of_project(data.spent, i))),
}


class Callgrind:
    """Responders, one after another, each with a socket and a log of its own."""

    def __init__(self, world, data, program, profile):
        self.world, self.data, self.program, self.profile, self.number = world, data, program, profile, 0

    def count(self, case, requests):
        """Instructions from the responder's start to its end, with so many requests between."""
        status, ask = CASES[case]
        self.number += 1
        log = self.world.run_folder / f"callgrind-{self.number}"
        profile = f"{self.profile}.{requests}" if self.profile else "/dev/null"
        responder = Responder(self, self.number)
        responder.environment |= PATIENCE
        responder.start("valgrind", "--tool=callgrind", f"--log-file={log}",
                        f"--callgrind-out-file={profile}", self.program)
        for i in range(requests):
            where, token = ask(self.data, i)
            responder.ask(question(where, self.data.token(token), **ENVIRONMENT))
            answer = responder.answer()
            assert b"Status: %d " % status in answer, answer
        responder.stop()
        return int(re.search(r"Collected : (\d+)", log.read_text())[1])

    def each(self, case, requests):
        self.data.spend(self.world)
        return (self.count(case, 2 * requests) - self.count(case, requests)) / requests


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, help="this case alone")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many the first responder is asked")
    parser.add_argument("--profile", help="what the names of files for callgrind_annotate(1) begin with")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("instructions.py: install the Debian package valgrind")
    with World() as world:
        data = Data("daybook", PROJECTS, DAYS, 100)
        data.fill(world)
        callgrind = Callgrind(world, data, str(world.responder), arguments.profile)
        cases = [arguments.case] if arguments.case else CASES
        print_table(("a request", "instructions"),
                    [(case, f"{callgrind.each(case, arguments.requests):,.0f}") for case in cases])


if __name__ == "__main__":
    main()
