#include "reach.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"

enum { MESSAGE_SIZE = 1024, GROUPS_MAX = 64, CATCH_UP_MS = 2000, PAUSE_MS = 50 };

/* The system user of the role's name that the connection string gives, or NULL. */
static const struct passwd *user_of(const char *conninfo)
{
    const struct passwd *user = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "user") == 0 && o->val != NULL)
            user = getpwnam(o->val);
    }
    PQconninfoFree(options);
    return user;
}

PGconn *reach_try(const char *conninfo, char *why, size_t size)
{
    const struct passwd *user = geteuid() == 0 ? user_of(conninfo) : NULL;

    /* The server is told the effective user and group as they are when it is connected to (unix(7),
     * SO_PEERCRED). */
    if (user == NULL || user->pw_uid == 0)
        return connection_try(conninfo, why, size);
    const gid_t group = getegid();
    gid_t groups[GROUPS_MAX];
    const int group_count = getgroups(GROUPS_MAX, groups);
    if (group_count < 0 || initgroups(user->pw_name, user->pw_gid) != 0 || setegid(user->pw_gid) != 0 ||
        seteuid(user->pw_uid) != 0) {
        snprintf(why, size, "cannot become the system user %s", user->pw_name);
        return NULL;
    }
    PGconn *connection = connection_try(conninfo, why, size);
    if (seteuid(0) == 0 && setegid(group) == 0 && setgroups((size_t)group_count, groups) == 0)
        return connection;
    snprintf(why, size, "cannot be root again");
    PQfinish(connection);
    return NULL;
}

/*
 * A connection that a check makes beside the owner's. NULL after a finding. Another user's right to it is not
 * for this one to try.
 */
static PGconn *reach_or_tell(const char *check, const char *conninfo, enum state state,
                             struct findings *findings)
{
    char why[MESSAGE_SIZE];
    PGconn *connection = reach_try(conninfo, why, sizeof(why));

    if (connection != NULL)
        return connection;
    const struct diagnosis diagnosis = diagnosis_of(why);
    const bool is_untried = diagnosis.is_of_caller && geteuid() != 0;
    findings_add_format(findings, check, is_untried ? STATE_OK : state, is_untried ? NULL : diagnosis.todo,
                        "%s%s", is_untried ? "not known, as only root or its own user can try: " : "", why);
    return NULL;
}

/* The first value of a statement, to be freed; NULL after a failure, which why then tells. */
static char *ask(PGconn *connection, const char *sql, char *why, size_t size)
{
    PGresult *result = PQexec(connection, sql);
    const char *value = connection_value(result);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char *answer = value == NULL ? NULL : strdup(value);

    if (answer == NULL)
        snprintf(why, size, "%s",
                 message != NULL ? message
                 : value != NULL ? "out of memory"
                                 : "nothing is told");
    PQclear(result);
    return answer;
}

static void tell_sessions(PGconn *owner, struct findings *findings)
{
    char why[MESSAGE_SIZE];
    char *count = ask(owner,
                      "SELECT count(*) FROM pg_stat_activity WHERE usename = 'daybook_responder'"
                      " AND datname = current_database()",
                      why, sizeof(why));

    if (count == NULL)
        findings_add(findings, "responder", STATE_UNKNOWN, why, NULL);
    else if (strcmp(count, "0") == 0)
        findings_add(
            findings, "responder", STATE_OK,
            "not known, as none is connected; give --responder its connection string to have its login tried",
            NULL);
    else
        findings_add_format(findings, "responder", STATE_OK, NULL, "%s connected now", count);
    free(count);
}

void reach_check_responder(const char *conninfo, PGconn *owner, struct findings *findings)
{
    char why[MESSAGE_SIZE];

    if (conninfo == NULL) {
        tell_sessions(owner, findings);
        return;
    }
    PGconn *connection = reach_or_tell("responder", conninfo, STATE_CRITICAL, findings);
    if (connection == NULL)
        return;
    /* A token that nobody has is refused, and counts against nobody. */
    char *verdict =
        ask(connection, "SELECT verdict FROM daybook.admit(pg_catalog.sha256(''::bytea), 'check', NULL)", why,
            sizeof(why));
    if (verdict == NULL)
        findings_add_format(findings, "responder", STATE_CRITICAL, "daybook-admin migrate",
                            "%s is connected, and: %s", PQuser(connection), why);
    else
        findings_add_format(findings, "responder", STATE_OK, NULL, "%s logs in, and is answered",
                            PQuser(connection));
    free(verdict);
    PQfinish(connection);
}

static void pause_ms(int ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

/* Whether the standby replays, in time, up to a position of the primary's; NULL: it cannot be asked. */
static char *behind(PGconn *standby, const char *position, char *why, size_t size)
{
    for (int waited = 0;; waited += PAUSE_MS) {
        const char *const values[] = {position};
        /* How far behind it is, empty if it is not; and since when it has replayed no commit. */
        PGresult *result = PQexecParams(
            standby,
            "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN 'is no standby (any more)'"
            " WHEN pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn THEN ''"
            " ELSE pg_catalog.format('is %s bytes behind, and has replayed no commit since %s',"
            "  pg_catalog.pg_wal_lsn_diff($1::pg_catalog.pg_lsn, pg_catalog.pg_last_wal_replay_lsn()),"
            "  coalesce(pg_catalog.date_trunc('second', pg_catalog.pg_last_xact_replay_timestamp())::text, "
            "'its start'))"
            " END",
            1, NULL, values, NULL, NULL, 0);
        const char *value = connection_value(result);
        char *answer = value == NULL ? NULL : strdup(value);
        if (value == NULL)
            snprintf(why, size, "%s", PQerrorMessage(standby));
        PQclear(result);
        if (answer == NULL || *answer == '\0' || waited >= CATCH_UP_MS)
            return answer;
        free(answer);
        pause_ms(PAUSE_MS);
    }
}

void reach_check_standby(const char *conninfo, PGconn *owner, struct findings *findings)
{
    static const char check[] = "read database";
    static const char todo[] =
        "on the standby: psql -c 'SELECT * FROM pg_stat_wal_receiver'; see its log and its disk";
    char why[MESSAGE_SIZE] = "out of memory";
    char *position = ask(owner, "SELECT pg_catalog.pg_current_wal_flush_lsn()", why, sizeof(why));

    if (position == NULL) {
        findings_add(findings, check, STATE_UNKNOWN, why, NULL);
        return;
    }
    PGconn *standby = reach_or_tell(check, conninfo, STATE_WARNING, findings);
    char *lag = standby == NULL ? NULL : behind(standby, position, why, sizeof(why));
    if (lag != NULL && *lag == '\0')
        findings_add(findings, check, STATE_OK, "the standby has all that the primary had", NULL);
    else if (standby != NULL)
        findings_add_format(findings, check, STATE_WARNING, todo,
                            "the standby %s; pages are read from the primary", lag == NULL ? why : lag);
    free(lag);
    free(position);
    PQfinish(standby);
}
