#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "database.h"

enum flag { TAKES_NAME = 1, TAKES_EXPIRES = 2, MAKES_SCHEMA = 4 };

enum { EXPIRES_DAYS_MAX = 36500 };

static const struct command {
    const char *name;    /* one word or two */
    const char *operand; /* the one it needs, or NULL */
    unsigned flags;
    const char *meaning;
    command_run *run;
} COMMANDS[] = {
    {"migrate", NULL, MAKES_SCHEMA, "bring the database's schema up to date; safe to run again", migrate_run},
    {"project create", "ID", TAKES_NAME, "register a project", project_run_create},
    {"project list", NULL, 0, "list the projects", project_run_list},
    {"token create", "PROJECT", TAKES_NAME | TAKES_EXPIRES,
     "make a token for a project and print it, this once", pat_run_create},
    {"token list", "PROJECT", 0, "list a project's tokens", pat_run_list},
    {"token revoke", "ID", 0, "refuse a token from now on", pat_run_revoke},
    {"import", "FILE", 0, "add the events of a CSV file, gzipped or not; - is standard input", import_run},
    {"refresh", NULL, 0, "fold pending events into the rollup", refresh_run},
    {"status", NULL, 0, "show versions, sizes, what is pending, tokens soon to expire", status_run},
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static void print_usage(FILE *out, const struct command *c)
{
    fprintf(out, "daybook-admin %s%s%s%s%s", c->name, c->operand == NULL ? "" : " ",
            c->operand == NULL ? "" : c->operand, c->flags & TAKES_NAME ? " [--name TEXT]" : "",
            c->flags & TAKES_EXPIRES ? " [--expires DAYS]" : "");
}

static void print_help(const struct command *command)
{
    if (command != NULL) {
        printf("Usage: ");
        print_usage(stdout, command);
        printf("\n%s\n", command->meaning);
    } else {
        printf("Usage: daybook-admin [--database CONNINFO] COMMAND ...\n\nCommands:\n");
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            printf("  ");
            print_usage(stdout, &COMMANDS[i]);
            printf("\n      %s\n", COMMANDS[i].meaning);
        }
        printf("\nOptions:\n");
    }
    printf(
        "  --database CONNINFO  libpq connection string or URI, as the owner (default: $DAYBOOK_DATABASE)\n"
        "  --help               show this, or what a command takes\n"
        "  --version            show the version\n"
        "\nEnvironment: DAYBOOK_DATABASE, and DAYBOOK_SQL for the directory of the migrations.\n"
        "Exit status: 0 done, 1 refused, 2 wrong usage, 3 database out of reach or failing.\n"
        "See daybook-admin(8).\n");
}

/* Finds the command that the words name, and how many of them that takes; NULL if there is none. */
static const struct command *find(int count, char *const *words, int *taken)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *name = COMMANDS[i].name;
        size_t first = strcspn(name, " ");
        *taken = name[first] == ' ' ? 2 : 1;
        if (count >= *taken && strlen(words[0]) == first && strncmp(words[0], name, first) == 0 &&
            (*taken == 1 || strcmp(words[1], name + first + 1) == 0))
            return &COMMANDS[i];
    }
    return NULL;
}

static enum outcome misuse(const struct command *command, const char *why)
{
    fprintf(stderr, "daybook-admin: %s\n", why);
    if (command != NULL) {
        fprintf(stderr, "usage: ");
        print_usage(stderr, command);
        fputc('\n', stderr);
    } else {
        fprintf(stderr, "daybook-admin --help lists the commands\n");
    }
    return OUTCOME_USAGE;
}

static bool parse_days(const char *text, int *days)
{
    char *end;
    long number = strtol(text, &end, 10);

    *days = (int)number;
    return *text >= '0' && *text <= '9' && *end == '\0' && number >= 1 && number <= EXPIRES_DAYS_MAX;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"database", required_argument, NULL, 'd'}, {"name", required_argument, NULL, 'n'},
        {"expires", required_argument, NULL, 'e'},  {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},        {NULL, 0, NULL, 0}};
    struct arguments arguments = {0};
    const char *database = getenv("DAYBOOK_DATABASE"), *expires = NULL;
    bool wants_help = false;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'd': database = optarg; break;
        case 'n': arguments.name = optarg; break;
        case 'e': expires = optarg; break;
        case 'h': wants_help = true; break;
        case 'v': puts("daybook-admin " PACKAGE_VERSION); return OUTCOME_DONE;
        default: return OUTCOME_USAGE; /* getopt has said why */
        }
    }

    int taken = 0, count = argc - optind;
    char *const *words = argv + optind;
    const struct command *command = find(count, words, &taken);
    if (wants_help) {
        print_help(command);
        return OUTCOME_DONE;
    }
    if (command == NULL)
        return misuse(NULL, count == 0 ? "no command given" : "no such command");
    if (count != taken + (command->operand != NULL))
        return misuse(command, count < taken + 1 ? "an operand is missing" : "too many operands");
    if ((arguments.name != NULL && !(command->flags & TAKES_NAME)) ||
        (expires != NULL && !(command->flags & TAKES_EXPIRES)))
        return misuse(command, "an option that this command does not take");
    if (expires != NULL && !parse_days(expires, &arguments.expires_days))
        return misuse(command, "--expires takes a number of days from 1 to 36500");
    if (command->operand != NULL)
        arguments.operand = words[taken];
    if (database == NULL || *database == '\0')
        return misuse(command, "which database? give --database or set DAYBOOK_DATABASE");

    PGconn *connection = database_connect(database);
    if (connection == NULL)
        return OUTCOME_DATABASE;
    enum outcome outcome = command->flags & MAKES_SCHEMA ? OUTCOME_DONE : database_require_schema(connection);
    if (outcome == OUTCOME_DONE)
        outcome = command->run(connection, &arguments);
    PQfinish(connection);
    if (fflush(stdout) != 0) {
        perror("daybook-admin: standard output");
        return OUTCOME_REFUSED;
    }
    return outcome;
}
