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

/* A token that could not be printed is nobody's: it must not stay good. */
static enum outcome print_or_revoke(PGconn *connection, const char *token, const char *id)
{
    if (puts(token) >= 0 && fflush(stdout) == 0)
        return OUTCOME_DONE;
    complain("standard output: %s", strerror(errno));
    revoke(connection, id);
    return OUTCOME_REFUSED;
}

enum outcome token_run_create(PGconn *connection, const struct arguments *arguments)
{
    char token[ISSUE_LENGTH + 1], hex[2 * SHA256_SIZE + 1], days[16];
    struct token_digest digest;

    if (!issue_token(token)) {
        complain("the system gives no random bytes");
        return OUTCOME_REFUSED;
    }
    if (!token_digest(token, ISSUE_LENGTH, &digest)) {
        complain("libcrypto gives no SHA-256");
        return OUTCOME_REFUSED;
    }
    to_hex(&digest, hex);
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
        "       CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked'"
        "            WHEN t.expires_at <= now() THEN 'expired' ELSE 'active' END AS state,"
        "       date_trunc('second', t.created_at) AS created, date_trunc('second', t.expires_at) AS expires,"
        "       date_trunc('second', w.closes_at) AS window_closes"
        "  FROM daybook.tokens t LEFT JOIN daybook.windows w ON w.token_id = t.token_id"
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
