/* The token commands. What a token is, token.h says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "connection.h"
#include "issue.h"
#include "token.h"

enum { TOKEN_LINE_SIZE = 1024 };

static void to_hex(const struct token_digest *digest, char text[2 * SHA256_SIZE + 1])
{
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", digest->byte[i]);
}

static enum outcome no_project(const char *project)
{
    complain("project %s does not exist; make it with: daybook-admin project create %s", project, project);
    return OUTCOME_REFUSED;
}

static enum outcome revoke(PGconn *connection, const char *id)
{
    enum outcome outcome;
    /* Compared as text, so that an operand that is no number is just a token that does not exist. */
    PGresult *result = connection_change(connection,
                                         "UPDATE daybook.tokens SET revoked_at = coalesce(revoked_at, now())"
                                         " WHERE token_id::text = $1 RETURNING token_id",
                                         1, &id, &outcome);

    if (result == NULL)
        return outcome;
    bool revoked = connection_value(result) != NULL;
    PQclear(result);
    if (!revoked)
        complain("there is no token with the id %s", id);
    return revoked ? OUTCOME_DONE : OUTCOME_REFUSED;
}

static bool print(const char *token)
{
    if (puts(token) >= 0 && fflush(stdout) == 0)
        return true;
    complain("standard output: %s", strerror(errno));
    return false;
}

/* A token that could not be printed is nobody's: it must not stay good. */
static enum outcome print_or_revoke(PGconn *connection, const char *token, const char *id)
{
    if (print(token))
        return OUTCOME_DONE;
    revoke(connection, id);
    return OUTCOME_REFUSED;
}

/* Makes a token, and its digest in hexadecimal. False after a complaint. */
static bool make_token(char token[ISSUE_LENGTH + 1], char hex[2 * SHA256_SIZE + 1])
{
    struct token_digest digest;

    if (!issue_token(token)) {
        complain("the system gives no random bytes");
        return false;
    }
    if (!token_digest(token, ISSUE_LENGTH, &digest)) {
        complain("libcrypto gives no SHA-256");
        return false;
    }
    to_hex(&digest, hex);
    return true;
}

enum outcome token_run_create(PGconn *connection, const struct arguments *arguments)
{
    char token[ISSUE_LENGTH + 1], hex[2 * SHA256_SIZE + 1], days[16];

    if (!make_token(token, hex))
        return OUTCOME_REFUSED;
    snprintf(days, sizeof(days), "%d", arguments->expires_days);

    const char *const values[] = {hex, arguments->operand, arguments->name,
                                  arguments->expires_days == 0 ? NULL : days};
    enum outcome outcome;
    PGresult *result = connection_change(
        connection,
        "INSERT INTO daybook.tokens (digest, project_id, name, expires_at)"
        " SELECT decode($1, 'hex'), p.project_id, $3, now() + $4::integer * interval '1 day'"
        "   FROM daybook.projects p WHERE p.project_id = $2 RETURNING token_id",
        4, values, &outcome);
    if (result == NULL)
        return outcome;
    const char *id = connection_value(result);
    outcome = id == NULL ? no_project(arguments->operand) : print_or_revoke(connection, token, id);
    PQclear(result);
    return outcome;
}

enum outcome token_run_list(PGconn *connection, const struct arguments *arguments)
{
    enum outcome outcome;
    PGresult *found = connection_change(connection, "SELECT 1 FROM daybook.projects WHERE project_id = $1", 1,
                                        &arguments->operand, &outcome);
    if (found == NULL)
        return outcome;
    bool exists = connection_value(found) != NULL;
    PQclear(found);
    if (!exists)
        return no_project(arguments->operand);

    PGresult *result = connection_query(
        connection,
        "SELECT t.token_id AS id, t.name,"
        "       daybook.token_state(t.revoked_at, t.expires_at) AS state,"
        "       date_trunc('second', t.created_at) AS created, date_trunc('second', t.expires_at) AS expires,"
        "       date_trunc('second', w.closes_at) AS window_closes, u.used, u.refused,"
        "       date_trunc('second', u.last_used_at) AS last_used, t.successor_id AS successor"
        "  FROM daybook.tokens t LEFT JOIN daybook.windows w USING (token_id)"
        "  JOIN daybook.token_use() u USING (token_id)"
        " WHERE t.project_id = $1 ORDER BY t.token_id",
        1, &arguments->operand);
    if (result == NULL)
        return OUTCOME_DATABASE;
    connection_print(result);
    PQclear(result);
    return OUTCOME_DONE;
}

enum outcome token_run_revoke(PGconn *connection, const struct arguments *arguments)
{
    return revoke(connection, arguments->operand);
}

/* The old token's row is locked, so of two rotations at once the second finds that it has been done. */
static const char ROTATE_SQL[] =
    "WITH old AS ("
    "  SELECT * FROM daybook.tokens t"
    "   WHERE t.token_id::text = $1 AND daybook.token_state(t.revoked_at, t.expires_at) = 'active' AND "
    "t.successor_id IS NULL FOR "
    "UPDATE"
    "), made AS ("
    "  INSERT INTO daybook.tokens (digest, project_id, name, expires_at)"
    "  SELECT decode($2, 'hex'), o.project_id, o.name, now() + (o.expires_at - o.created_at) FROM old o"
    "  RETURNING token_id"
    ") "
    "UPDATE daybook.tokens t"
    "   SET successor_id = made.token_id, expires_at = least(t.expires_at, now() + $3::integer * interval '1 "
    "hour')"
    "  FROM old, made WHERE t.token_id = old.token_id RETURNING t.token_id";

/* Says why a token cannot be rotated, and what to do instead. */
static enum outcome refuse_rotation(PGconn *connection, const char *id)
{
    PGresult *result =
        connection_query(connection,
                         "SELECT daybook.token_state(t.revoked_at, t.expires_at), t.project_id,"
                         "       t.successor_id"
                         "  FROM daybook.tokens t WHERE t.token_id::text = $1",
                         1, &id);

    if (result == NULL)
        return OUTCOME_DATABASE;
    if (PQntuples(result) == 0)
        complain("there is no token with the id %s", id);
    else if (strcmp(PQgetvalue(result, 0, 0), "active") != 0)
        complain("token %s is %s; make another with: daybook-admin token create %s", id,
                 PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    else
        complain("token %s has been rotated already: token %s is in its place; rotate that one", id,
                 PQgetvalue(result, 0, 2));
    PQclear(result);
    return OUTCOME_REFUSED;
}

/* The new token is printed before the transaction ends: what cannot be printed has not been. */
static enum outcome rotate(PGconn *connection, const struct arguments *arguments)
{
    char token[ISSUE_LENGTH + 1], hex[2 * SHA256_SIZE + 1], hours[16];
    const char *const values[] = {arguments->operand, hex, hours};

    if (!make_token(token, hex))
        return OUTCOME_REFUSED;
    snprintf(hours, sizeof(hours), "%d", arguments->grace_hours);
    PGresult *result = connection_query(connection, ROTATE_SQL, 3, values);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const bool is_made = connection_value(result) != NULL;
    PQclear(result);
    if (!is_made)
        return refuse_rotation(connection, arguments->operand);
    return print(token) ? OUTCOME_DONE : OUTCOME_REFUSED;
}

enum outcome token_run_rotate(PGconn *connection, const struct arguments *arguments)
{
    if (!connection_execute(connection, "BEGIN"))
        return OUTCOME_DATABASE;
    enum outcome outcome = rotate(connection, arguments);
    if (!connection_execute(connection, outcome == OUTCOME_DONE ? "COMMIT" : "ROLLBACK") &&
        outcome == OUTCOME_DONE) {
        complain("the token printed is not good, and the old one is as it was");
        outcome = OUTCOME_DATABASE;
    }
    return outcome;
}

/* Reads a line of standard input and gives its digest; no copy of it stays. False after a complaint. */
static bool read_token(char hex[2 * SHA256_SIZE + 1])
{
    char line[TOKEN_LINE_SIZE];
    struct token_digest digest;

    setvbuf(stdin, NULL, _IONBF, 0);
    errno = 0;
    if (fgets(line, sizeof(line), stdin) == NULL) {
        complain("standard input: %s", errno == 0 ? "no token" : strerror(errno));
        return false;
    }
    const size_t length = strcspn(line, " \t\r\n");
    const bool is_good = token_digest(line, length, &digest);
    explicit_bzero(line, sizeof(line));
    if (!is_good)
        complain("libcrypto gives no SHA-256");
    else
        to_hex(&digest, hex);
    return is_good;
}

static const char SHOW_SQL[] =
    "SELECT t.token_id AS id, t.project_id AS project, t.name, daybook.token_state(t.revoked_at, "
    "t.expires_at) AS state,"
    "       date_trunc('second', t.created_at) AS created,"
    "       coalesce(date_trunc('second', t.expires_at)::text, 'never') AS expires,"
    "       coalesce(date_trunc('second', u.last_used_at)::text, 'never') AS last_used,"
    "       t.successor_id AS successor"
    "  FROM daybook.tokens t JOIN daybook.token_use() u USING (token_id) WHERE t.digest = decode($1, 'hex')";

enum outcome token_run_show(PGconn *connection, const struct arguments *arguments)
{
    char hex[2 * SHA256_SIZE + 1];
    const char *const values[] = {hex};

    (void)arguments;
    if (!read_token(hex))
        return OUTCOME_REFUSED;
    PGresult *result = connection_query(connection, SHOW_SQL, 1, values);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const bool is_known = PQntuples(result) == 1;
    for (int i = 0; is_known && i < PQnfields(result); i++)
        printf("%s: %s\n", PQfname(result, i), PQgetvalue(result, 0, i));
    PQclear(result);
    if (!is_known)
        complain("this database has no such token");
    return is_known ? OUTCOME_DONE : OUTCOME_REFUSED;
}
