#include "diagnosis.h"

#include <string.h>

/* The first line whose words are in the message. */
static const struct {
    const char *words;
    struct diagnosis diagnosis;
} TABLE[] = {
    {"no pg_hba.conf entry",
     {"a line for this role and database into pg_hba.conf, above the others, as: local daybook "
      "daybook,daybook_responder peer; then as the superuser: psql -c 'SELECT pg_reload_conf()'",
      false}},
    {"pg_hba.conf rejects",
     {"take the line that rejects this role out of pg_hba.conf, or put one that lets it in above; then as "
      "the "
      "superuser: psql -c 'SELECT pg_reload_conf()'",
      false}},
    {"eer authentication failed",
     {"run this as the system user of that name, as: sudo -u daybook daybook-admin --database dbname=daybook "
      "check; or name who may in pg_ident.conf",
      true}},
    {"dent authentication failed", {"use peer or scram-sha-256 in pg_hba.conf", true}},
    {"no password supplied",
     {"give the password in the connection string, or in ~/.pgpass; for services, in /etc/default/daybook",
      true}},
    {"assword authentication failed",
     {"as the superuser, psql: \\password ROLE; then write that password where the connection string stands, "
      "as "
      "/etc/default/daybook",
      false}},
    {"is not permitted to log in", {"as the superuser: psql -c 'ALTER ROLE daybook_responder LOGIN'", false}},
    {"permission denied for database", {"as the owner: daybook-admin migrate", false}},
    {"too many connections for role",
     {"start fewer responders, or as the superuser: psql -c 'ALTER ROLE daybook_responder CONNECTION LIMIT "
      "64'",
      false}},
    {"role \"", {"daybook-admin setup, or as the superuser: createuser ROLE", false}},
    {"database \"", {"daybook-admin setup, or as the superuser: createdb --owner daybook daybook", false}},
    {"too many clients already",
     {"find who holds them, as the superuser: psql -c 'SELECT usename, count(*) FROM pg_stat_activity GROUP "
      "BY 1'; "
      "start fewer responders, or raise max_connections",
      false}},
    {"remaining connection slots",
     {"find who holds them, as the superuser: psql -c 'SELECT usename, count(*) FROM pg_stat_activity GROUP "
      "BY 1'; "
      "start fewer responders, or raise max_connections",
      false}},
    {"No space left on device", {"make room on the disk of the database server: df -h", false}},
    {"is starting up", {"wait, and look at PostgreSQL's log: journalctl -u 'postgresql*'", false}},
    {"is shutting down", {"systemctl start postgresql", false}},
    {"in recovery mode", {"wait, and look at PostgreSQL's log: journalctl -u 'postgresql*'", false}},
    {"not yet accepting connections",
     {"wait, and look at PostgreSQL's log: journalctl -u 'postgresql*'", false}},
    {"ould not translate host name", {"correct the host in the connection string", false}},
    {"No such file or directory",
     {"systemctl start postgresql; or correct host and port in the connection string", false}},
    {"Connection refused",
     {"systemctl start postgresql; or correct host and port in the connection string", false}},
    {"timeout expired", {"see whether the server hangs, or a firewall swallows what it is sent", false}},
};

struct diagnosis diagnosis_of(const char *message)
{
    for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        if (strstr(message, TABLE[i].words) != NULL)
            return TABLE[i].diagnosis;
    }
    return (struct diagnosis){"systemctl status postgresql; and see that the connection string is right",
                              false};
}
