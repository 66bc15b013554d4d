/*
 * Makes, as PostgreSQL's superuser, all that migrate needs of one, and migrates as the owner. Each step looks
 * first and makes what is missing, in a transaction of its own. So it may be ended at any point, and run
 * again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "conninfo.h"
#include "connection.h"
#include "equipment.h"
#include "migrate.h"
#include "setup.h"
#include "version.h"

static const char DEFAULT_NAME[] = "daybook"; /* of the database, and of its owner */
static const char HOW[] = "on Debian, type: runuser -u postgres -- daybook-admin setup";
static const char WHERE[] =
    "where PostgreSQL runs on a port other than 5432, which pg_lsclusters shows, add: --database"
    " 'port=5433 dbname=daybook'";

enum { STATEMENT_SIZE = 1024, SERVER_VERSION_MIN = 140000 };

void setup_tell(struct setup *setup, bool is_made, const char *format, ...)
{
    va_list arguments;

    setup->has_made |= is_made;
    printf("%s ", is_made ? "made  " : "found ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

bool setup_execute(PGconn *connection, const char *sql, const char *const *names)
{
    char statement[STATEMENT_SIZE];
    size_t length = 0;

    for (; *sql != '\0' && length < sizeof(statement) - 1; sql++) {
        if (*sql != '$') {
            statement[length++] = *sql;
            continue;
        }
        char *quoted = PQescapeIdentifier(connection, *names, strlen(*names));
        if (quoted == NULL) {
            complain("%s", PQerrorMessage(connection));
            return false;
        }
        length += (size_t)snprintf(statement + length, sizeof(statement) - length, "%s", quoted);
        PQfreemem(quoted);
        names++;
    }
    if (length >= sizeof(statement) - 1) {
        complain("a name is too long");
        return false;
    }
    statement[length] = '\0';
    return connection_execute(connection, statement);
}

static enum outcome require_superuser(struct setup *setup)
{
    char *role;

    if (PQserverVersion(setup->server) < SERVER_VERSION_MIN) {
        complain("PostgreSQL 14 or newer is needed");
        return OUTCOME_REFUSED;
    }
    if (!connection_ask(setup->server,
                        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND NOT rolsuper", NULL,
                        &role))
        return OUTCOME_DATABASE;
    if (role == NULL)
        return OUTCOME_DONE;
    complain("the role %s is no superuser of PostgreSQL; %s", role, HOW);
    free(role);
    return OUTCOME_REFUSED;
}

/* Refuses a database that is another's, or cannot hold all text. */
static enum outcome require_fit(const struct setup *setup, const char *owner, const char *encoding)
{
    if (strcmp(owner, setup->owner) != 0) {
        complain(
            "the database %s belongs to %s; type setup --owner %s if it is Daybook's, or setup --database"
            " 'dbname=OTHER' to make another",
            setup->name, owner, owner);
        return OUTCOME_REFUSED;
    }
    if (strcmp(encoding, "UTF8") != 0) {
        complain(
            "the database %s is in %s, not in UTF8; type setup --database 'dbname=OTHER' to make another",
            setup->name, encoding);
        return OUTCOME_REFUSED;
    }
    return OUTCOME_DONE;
}

static enum outcome require_own_database(struct setup *setup)
{
    const char *const name = setup->name;
    PGresult *found = connection_query(setup->server,
                                       "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding)"
                                       "  FROM pg_database WHERE datname = $1",
                                       1, &name);
    if (found == NULL)
        return OUTCOME_DATABASE;
    setup->has_database = PQntuples(found) > 0;
    enum outcome outcome = setup->has_database
                               ? require_fit(setup, PQgetvalue(found, 0, 0), PQgetvalue(found, 0, 1))
                               : OUTCOME_DONE;
    PQclear(found);
    return outcome;
}

/* A second setup waits. The lock ends with the session. */
static enum outcome take_turn(struct setup *setup)
{
    return connection_execute(setup->server, "SET LOCAL lock_timeout = '60s';"
                                             "SELECT pg_advisory_lock(hashtextextended('daybook.setup', 0))")
               ? OUTCOME_DONE
               : OUTCOME_DATABASE;
}

/* Makes a role if it is missing. What somebody has forbidden to log in stays so. */
static enum outcome make_role(struct setup *setup, const struct setup_role *role)
{
    char *found;

    if (!connection_ask(setup->server, "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", role->name,
                        &found))
        return OUTCOME_DATABASE;
    const bool is_there = found != NULL, logs_in = is_there && *found == 't';
    free(found);
    if (is_there && role->logs_in && !logs_in) {
        complain("the role %s may not log in; type in psql, as a superuser: ALTER ROLE %s LOGIN", role->name,
                 role->name);
        return OUTCOME_REFUSED;
    }
    if (!is_there &&
        !setup_execute(setup->server, role->logs_in ? "CREATE ROLE $ LOGIN" : "CREATE ROLE $", &role->name))
        return OUTCOME_DATABASE;
    setup_tell(setup, !is_there, "role %s, %s", role->name, role->meaning);
    return OUTCOME_DONE;
}

static enum outcome make_owner(struct setup *setup)
{
    return make_role(setup, &(struct setup_role){setup->owner, true, "which owns the database"});
}

const struct setup_role setup_roles[SETUP_ROLES] = {
    {"daybook_responder", true, "as which the web server's responders ask"},
    {"daybook_reader", false, "which may read the views"},
    {"daybook_writer", false, "which may add events"},
};

/*
 * The roles of which migrate makes those that are missing, for which its owner would need CREATEROLE. The
 * owner may act as each of them.
 */
static enum outcome make_roles(struct setup *setup)
{
    enum outcome outcome = OUTCOME_DONE;

    for (size_t i = 0; i < SETUP_ROLES && outcome == OUTCOME_DONE; i++) {
        const char *const names[] = {setup_roles[i].name, setup->owner};
        outcome = make_role(setup, &setup_roles[i]);
        PGresult *member =
            outcome == OUTCOME_DONE
                ? connection_query(setup->server, "SELECT 1 WHERE pg_has_role($2, $1, 'USAGE')", 2, names)
                : NULL;
        if (outcome == OUTCOME_DONE && member == NULL)
            outcome = OUTCOME_DATABASE;
        if (member != NULL && PQntuples(member) == 0) {
            if (setup_execute(setup->server, "GRANT $ TO $", names))
                setup_tell(setup, true, "%s a member of %s", setup->owner, setup_roles[i].name);
            else
                outcome = OUTCOME_DATABASE;
        }
        PQclear(member);
    }
    return outcome;
}

/* A server's locale may be of another encoding. Daybook rests on none, so then it is C. */
static enum outcome create_database(struct setup *setup)
{
    const char *const names[] = {setup->name, setup->owner};
    char *stands_in_the_way;

    if (!connection_ask(
            setup->server,
            "SELECT datctype FROM pg_database WHERE datname = 'template0' AND datctype NOT IN ('C', 'POSIX')"
            " AND pg_encoding_to_char(encoding) <> 'UTF8'",
            NULL, &stands_in_the_way))
        return OUTCOME_DATABASE;
    const bool is_good = setup_execute(
        setup->server,
        stands_in_the_way == NULL ? "CREATE DATABASE $ OWNER $ ENCODING 'UTF8' TEMPLATE template0"
                                  : "CREATE DATABASE $ OWNER $ ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0",
        names);
    free(stands_in_the_way);
    if (is_good)
        setup_tell(setup, true, "database %s, in UTF8, of %s", setup->name, setup->owner);
    return is_good ? OUTCOME_DONE : OUTCOME_DATABASE;
}

static enum outcome make_database(struct setup *setup)
{
    if (!setup->has_database)
        return create_database(setup);
    setup_tell(setup, false, "database %s, of %s", setup->name, setup->owner);
    return OUTCOME_DONE;
}

static enum outcome enter_database(struct setup *setup)
{
    setup->database = connection_open_database(setup->conninfo, setup->name);
    return setup->database == NULL ? OUTCOME_DATABASE : OUTCOME_DONE;
}

bool setup_become_owner(const struct setup *setup)
{
    return setup_execute(setup->database, "SET SESSION AUTHORIZATION $", &setup->owner);
}

static enum outcome migrate(struct setup *setup)
{
    const struct arguments arguments = {.store = setup->store};

    if (setup->is_worker) {
        puts("This server is a worker of Citus: all else is made by setup on the coordinator.");
        return OUTCOME_DONE;
    }
    if (!setup_become_owner(setup))
        return OUTCOME_DATABASE;
    const int before = version_of_database(setup->database);
    if (before < 0)
        return OUTCOME_DATABASE;
    enum outcome outcome = migrate_run(setup->database, &arguments);
    if (outcome == OUTCOME_DONE)
        setup_tell(setup, version_of_database(setup->database) != before, "schema, of the store %s",
                   setup->store);
    return outcome;
}

/* What is refused is refused before anything is made, as far as it can be. */
static setup_step *const STEPS[] = {require_superuser,
                                    equipment_require,
                                    take_turn,
                                    require_own_database,
                                    make_owner,
                                    make_roles,
                                    make_database,
                                    enter_database,
                                    equipment_choose_store,
                                    equipment_make_extensions,
                                    equipment_close_schemas,
                                    equipment_harden,
                                    equipment_share_roles,
                                    migrate};

/* The name of the database in a connection string, to be freed; NULL without memory. */
static char *name_of_database(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    const char *name = DEFAULT_NAME;

    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "dbname") == 0 && o->val != NULL && *o->val != '\0')
            name = o->val;
    }
    char *copy = strdup(name);
    PQconninfoFree(options);
    return copy;
}

enum outcome setup_run(PGconn *connection, const struct arguments *arguments)
{
    struct setup setup = {
        .conninfo = arguments->database,
        .owner = arguments->owner == NULL ? DEFAULT_NAME : arguments->owner,
        .store = arguments->store,
    };
    enum outcome outcome = OUTCOME_DATABASE;

    (void)connection;
    setup.server = connection_open_database(arguments->database, "postgres");
    if (setup.server == NULL) {
        complain("setup comes to the database postgres, as a superuser; %s", HOW);
        complain("%s", WHERE);
    } else if ((setup.name = name_of_database(arguments->database)) == NULL)
        complain("out of memory");
    else
        outcome = OUTCOME_DONE;
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]) && outcome == OUTCOME_DONE; i++)
        outcome = STEPS[i](&setup);
    if (outcome == OUTCOME_DONE && !setup.is_worker)
        puts(setup.has_made ? "Daybook is set up." : "Daybook was set up already: nothing has changed.");
    PQfinish(setup.database);
    PQfinish(setup.server);
    free(setup.name);
    return outcome;
}
