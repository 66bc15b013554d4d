#include "units.h"

#include <string.h>

#include "diagnosis.h"

/* As PostgreSQL 15 and its libpq say them. */
static const struct {
    const char *message, *todo;
    bool is_of_caller;
} MESSAGES[] = {
    {"connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  no pg_hba.conf entry "
     "for host "
     "\"[local]\", user \"daybook\", database \"daybook\", no encryption",
     "pg_reload_conf", false},
    {"FATAL:  pg_hba.conf rejects connection for host \"[local]\", user \"daybook\", database \"daybook\"",
     "pg_reload_conf", false},
    {"FATAL:  Peer authentication failed for user \"daybook\"", "sudo -u", true},
    {"fe_sendauth: no password supplied", ".pgpass", true},
    {"FATAL:  password authentication failed for user \"daybook\"", "\\password", false},
    {"FATAL:  role \"daybook\" is not permitted to log in", "LOGIN", false},
    {"FATAL:  permission denied for database \"daybook\"\nDETAIL:  User does not have CONNECT privilege.",
     "migrate", false},
    {"FATAL:  role \"daybook\" does not exist", "createuser", false},
    {"FATAL:  database \"daybook\" does not exist", "createdb", false},
    {"FATAL:  too many connections for role \"daybook_responder\"", "CONNECTION LIMIT", false},
    {"FATAL:  sorry, too many clients already", "max_connections", false},
    {"FATAL:  remaining connection slots are reserved for non-replication superuser connections",
     "max_connections", false},
    {"FATAL:  could not write lock file \"postmaster.pid\": No space left on device", "df -h", false},
    {"FATAL:  the database system is starting up", "log", false},
    {"connection to server on socket \"/x/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server "
     "running "
     "locally and accepting connections on that socket?",
     "systemctl start postgresql", false},
    {"connection to server at \"127.0.0.1\", port 5432 failed: Connection refused",
     "systemctl start postgresql", false},
    {"connection to server at \"10.0.0.1\", port 5432 failed: timeout expired", "firewall", false},
    {"FATAL:  irgendetwas anderes", "systemctl status postgresql", false},
};

/* Whoever is woken by it reads one line, and types what it says. */
START_TEST(refused_connection_is_told_with_what_to_type)
{
    const struct diagnosis diagnosis = diagnosis_of(MESSAGES[_i].message);

    ck_assert_msg(strstr(diagnosis.todo, MESSAGES[_i].todo) != NULL, "%s is not in: %s", MESSAGES[_i].todo,
                  diagnosis.todo);
    ck_assert_int_eq(diagnosis.is_of_caller, MESSAGES[_i].is_of_caller);
}
END_TEST

Suite *check_diagnosis_suite(void)
{
    Suite *suite = suite_create("diagnosis");
    TCase *tests = tcase_create("diagnosis");

    tcase_add_loop_test(tests, refused_connection_is_told_with_what_to_type, 0, UNITS_COUNT(MESSAGES));
    suite_add_tcase(suite, tests);
    return suite;
}
