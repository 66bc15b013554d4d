"""What a responder really sends to PostgreSQL, taken from the server's log, as a script for pgbench."""

import re


ENTRY = re.compile(r"LOG:  (?:duration: [0-9.]+ ms  )?execute (\S+): (.*?)\n(?=\d{4}-)"
                   r"(?:[^\n]*DETAIL:  parameters: ([^\n]*))?", re.DOTALL)


class Statements:
    """One request's statements with their parameters, and the session's settings."""

    def __init__(self, world, data, target, token):
        world.sql_as_superuser("ALTER ROLE daybook_responder SET log_statement = 'all'")
        log = world.postgres / "postgresql.log"
        size = log.stat().st_size
        environment = {"REQUEST_METHOD": "GET", "REQUEST_URI": target,
                       "HTTP_AUTHORIZATION": f"Bearer {token}",
                       "DAYBOOK_DATABASE": world.conninfo("daybook_responder", data.name)}
        answer = world.as_server("env", *(f"{n}={v}" for n, v in environment.items()), str(world.responder),
                                 capture_output=True, text=True).stdout
        assert answer.startswith("Status: 200"), answer
        world.sql_as_superuser("ALTER ROLE daybook_responder RESET log_statement")
        text = log.read_text()[size:] + "9999-"
        entries = [(name, " ".join(sql.split()), dict(re.findall(r"(\$\d+) = (NULL|'[^']*')", values)))
                   for name, sql, values in ENTRY.findall(text)]
        self.session = dict(re.findall(
            r"set_config\('(\w+)', '([^']*)'", " ".join(sql for _, sql, _ in entries)))
        self.entries = [entry for entry in entries if entry[0] != "<unnamed>"]
        assert self.is_admit(self.entries[0][1]), text

    @staticmethod
    def is_admit(sql):
        return " daybook.admit(" in sql

    def digest(self):
        """The token's digest as the log shows it."""
        return next(value[1:-1] for value in self.entries[0][2].values() if value.startswith("'\\x"))

    def script(self, variables, known, admit_only=False):
        """
        A pgbench script: lines that set its variables, then the statements, pipelined. `known` says for each
        value that the captured request had which expression stands for it.
        """
        lines = [*variables, r"\startpipeline"]
        for _, sql, values in self.entries:
            if self.is_admit(sql) or not admit_only:
                stands_for = {name: known.get(value.strip("'"), value) for name, value in values.items()}
                lines.append(re.sub(r"\$\d+", lambda m: stands_for[m.group()], sql) + ";")
        return "\n".join([*lines, r"\endpipeline", ""])
