#include "disk.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "connection.h"

enum { WARNING_PERCENT = 10, CRITICAL_PERCENT = 5, PLACE_COUNT = 3 };

/* A folder of the server, and the disk that it was found on. */
struct place {
    char path[PATH_MAX];
    dev_t device;
};

/* The data directory, or "" where it cannot be known. A process of the server has it as its working
 * directory. */
static void find_data(PGconn *owner, char *path, size_t size)
{
    PGresult *result = PQexec(owner, "SELECT current_setting('data_directory')"
                                     " WHERE pg_has_role('pg_read_all_settings', 'USAGE')");
    const char *told = connection_value(result);
    char link[64];

    snprintf(path, size, "%s", told == NULL ? "" : told);
    PQclear(result);
    if (*path != '\0')
        return;
    snprintf(link, sizeof(link), "/proc/%d/cwd", PQbackendPID(owner));
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = '\0';
}

/* The folder of the database's tablespace; "" if it lies in the data directory. */
static void find_tablespace(PGconn *owner, char *path, size_t size)
{
    PGresult *result = PQexec(owner, "SELECT pg_tablespace_location(dattablespace) FROM pg_database"
                                     " WHERE datname = current_database()");
    const char *told = connection_value(result);

    snprintf(path, size, "%s", told == NULL ? "" : told);
    PQclear(result);
}

/* Whether a disk has been judged already. */
static bool is_known(const struct place *places, int count, dev_t device)
{
    for (int i = 0; i < count; i++) {
        if (places[i].device == device)
            return true;
    }
    return false;
}

static void judge(const struct place *place, struct findings *findings)
{
    struct statvfs disk;

    if (statvfs(place->path, &disk) != 0 || disk.f_blocks == 0) {
        findings_add_format(findings, "disk", STATE_OK, NULL, "not known: %s cannot be looked at",
                            place->path);
        return;
    }
    /* As df(1) counts: what root alone may fill is not there for the server. */
    const uint64_t used = disk.f_blocks - disk.f_bfree, room = disk.f_bavail;
    const unsigned percent = (unsigned)(room * 100 / (used + room == 0 ? 1 : used + room));
    const enum state state = percent < CRITICAL_PERCENT  ? STATE_CRITICAL
                             : percent < WARNING_PERCENT ? STATE_WARNING
                                                         : STATE_OK;
    findings_add_format(findings, "disk", state,
                        state == STATE_OK
                            ? NULL
                            : "make room, or a larger disk: df -h; daybook-admin retention --raw DAYS drops "
                              "old raw events",
                        "%u %% (%llu MiB) free where %s lies", percent,
                        (unsigned long long)(room * disk.f_frsize >> 20), place->path);
}

void disk_check(PGconn *owner, struct findings *findings)
{
    struct place places[PLACE_COUNT] = {0};
    const char *host = PQhost(owner);
    int count = 0;

    if (host == NULL || *host != '/') {
        findings_add(findings, "disk", STATE_OK,
                     "not known: the server is another machine's; look there: df -h", NULL);
        return;
    }
    char data[PATH_MAX - 16], tablespace[PATH_MAX];
    find_data(owner, data, sizeof(data));
    find_tablespace(owner, tablespace, sizeof(tablespace));
    if (*data == '\0') {
        findings_add(
            findings, "disk", STATE_OK,
            "not known, as this role may not ask where the data lies; run this as root, or as the superuser: "
            "psql -c 'GRANT pg_read_all_settings TO daybook'",
            NULL);
        return;
    }
    char wal[PATH_MAX];
    snprintf(wal, sizeof(wal), "%s/pg_wal", data);
    const char *const paths[PLACE_COUNT] = {data, wal, tablespace};
    for (int i = 0; i < PLACE_COUNT; i++) {
        struct stat status;
        /* What is inside the data directory is open to the server's user and to root alone. */
        if (*paths[i] == '\0' || stat(paths[i], &status) != 0 || is_known(places, count, status.st_dev))
            continue;
        snprintf(places[count].path, sizeof(places[count].path), "%s", paths[i]);
        places[count].device = status.st_dev;
        judge(&places[count++], findings);
    }
    if (count == 0)
        findings_add_format(findings, "disk", STATE_OK, NULL, "not known: %s cannot be looked at", data);
}
