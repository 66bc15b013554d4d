#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "config.h"
#include "connection.h"
#include "day.h"

/* The options that some commands take, each a bit in the command's flags. */
enum option_index {
    OPTION_NAME,
    OPTION_EXPIRES,
    OPTION_GRACE,
    OPTION_PROJECT,
    OPTION_FROM,
    OPTION_TO,
    OPTION_RAW,
    OPTION_STORE,
    OPTION_OWNER,
    OPTION_ALSO_EMPTY,
    OPTION_YES,
    OPTION_DUPLICATES,
    OPTION_DRY_RUN,
    OPTION_ZONE,
    OPTION_KEEP_FIRST,
    OPTION_REPLACE,
    OPTION_REFUSE_MOVED,
    OPTION_ALLOW_DROPPED,
    OPTION_REJECTS,
    OPTION_MAP,
    OPTION_JSON,
    OPTION_RESPONDER,
    OPTION_FILE,
    OPTION_OPENMETRICS,
    OPTION_SOURCE,
    OPTION_PROJECT_MAP,
    OPTION_SINCE,
    OPTION_COUNT
};

enum flag {
    TAKES_NAME = 1 << OPTION_NAME,
    TAKES_EXPIRES = 1 << OPTION_EXPIRES,
    TAKES_GRACE = 1 << OPTION_GRACE,
    TAKES_PROJECT = 1 << OPTION_PROJECT,
    TAKES_DAYS = 1 << OPTION_FROM | 1 << OPTION_TO,
    TAKES_RAW = 1 << OPTION_RAW,
    TAKES_STORE = 1 << OPTION_STORE,
    TAKES_OWNER = 1 << OPTION_OWNER,
    TAKES_ALSO_EMPTY = 1 << OPTION_ALSO_EMPTY,
    TAKES_YES = 1 << OPTION_YES,
    TAKES_DUPLICATES = 1 << OPTION_DUPLICATES,
    TAKES_IMPORT = 1 << OPTION_PROJECT | 1 << OPTION_DRY_RUN | 1 << OPTION_ZONE | 1 << OPTION_KEEP_FIRST |
                   1 << OPTION_REPLACE | 1 << OPTION_REFUSE_MOVED | 1 << OPTION_ALLOW_DROPPED |
                   1 << OPTION_REJECTS | 1 << OPTION_MAP,
    TAKES_RETRACT = 1 << OPTION_PROJECT | 1 << OPTION_DRY_RUN | 1 << OPTION_ZONE | 1 << OPTION_MAP,
    TAKES_JSON = 1 << OPTION_JSON,
    TAKES_RESPONDER = 1 << OPTION_RESPONDER,
    TAKES_PULL = 1 << OPTION_SOURCE | 1 << OPTION_PROJECT | 1 << OPTION_PROJECT_MAP | 1 << OPTION_SINCE |
                 1 << OPTION_DRY_RUN,
    TAKES_METRICS = 1 << OPTION_FILE | 1 << OPTION_OPENMETRICS,
    MAKES_SCHEMA = 1 << OPTION_COUNT,
    CONNECTS_ITSELF = 1 << (OPTION_COUNT + 1),
    /* What the environment names, it names for the owner. */
    IS_FOR_SUPERUSER = 1 << (OPTION_COUNT + 2),
    /* It ends as a monitoring plug-in does, for which wrong usage is an unknown state. */
    IS_PLUGIN = 1 << (OPTION_COUNT + 3)
};

_Static_assert(OPTION_COUNT + 3 < 31, "an option's bit does not fit into the flags");

static const struct {
    const char *name;
    const char *value;   /* what it takes, or NULL */
    const char *missing; /* what to say without it, for one that its commands need; or NULL */
} OPTIONS[OPTION_COUNT] = {
    [OPTION_NAME] = {"name", "TEXT", NULL},
    [OPTION_EXPIRES] = {"expires", "DAYS", NULL},
    [OPTION_GRACE] = {"grace", "HOURS", NULL},
    [OPTION_PROJECT] = {"project", "ID", NULL},
    [OPTION_FROM] = {"from", "DAY", NULL},
    [OPTION_TO] = {"to", "DAY", NULL},
    [OPTION_RAW] = {"raw", "DAYS", "--raw is missing"},
    [OPTION_STORE] = {"store", "STORE", NULL},
    [OPTION_OWNER] = {"owner", "ROLE", NULL},
    [OPTION_ALSO_EMPTY] = {"also-empty", NULL, NULL},
    [OPTION_YES] = {"yes", NULL, NULL},
    [OPTION_DUPLICATES] = {"duplicates", NULL, NULL},
    [OPTION_DRY_RUN] = {"dry-run", NULL, NULL},
    [OPTION_ZONE] = {"zone", "NAME", NULL},
    [OPTION_KEEP_FIRST] = {"keep-first", NULL, NULL},
    [OPTION_REPLACE] = {"replace", NULL, NULL},
    [OPTION_REFUSE_MOVED] = {"refuse-moved", NULL, NULL},
    [OPTION_ALLOW_DROPPED] = {"allow-dropped", NULL, NULL},
    [OPTION_REJECTS] = {"rejects", "FILE", NULL},
    [OPTION_MAP] = {"map", "FILE", NULL},
    [OPTION_JSON] = {"json", NULL, NULL},
    [OPTION_RESPONDER] = {"responder", "CONNINFO", NULL},
    [OPTION_FILE] = {"file", "PATH", NULL},
    [OPTION_OPENMETRICS] = {"openmetrics", NULL, NULL},
    [OPTION_SOURCE] = {"source", "CONNINFO", NULL},
    [OPTION_PROJECT_MAP] = {"project-map", "FILE", NULL},
    [OPTION_SINCE] = {"since", "DAY", NULL},
};

enum { DAYS_MAX = 36500, GRACE_HOURS = 24, GRACE_HOURS_MAX = 8760 };

static const struct command {
    const char *name;    /* one word or two */
    const char *operand; /* the one or two that it needs, or NULL */
    unsigned flags;
    const char *meaning;
    command_run *run;
} COMMANDS[] = {
    {"setup", NULL, CONNECTS_ITSELF | IS_FOR_SUPERUSER | TAKES_STORE | TAKES_OWNER,
     "as PostgreSQL's superuser: make the database, the roles, the extension and the schema, as far as "
     "missing; the "
     "database is dbname=daybook unless --database names it",
     setup_run},
    {"migrate", NULL, MAKES_SCHEMA | TAKES_STORE,
     "bring the database's schema up to date, or make it for a store: rollup (the default), timescaledb or "
     "citus",
     migrate_run},
    {"project create", "ID", TAKES_NAME, "register a project", project_run_create},
    {"project list", NULL, 0, "list the projects", project_run_list},
    {"project rename", "ID NEW", 0, "give a project, its tokens and its events another id",
     project_run_rename},
    {"project delete", "ID", TAKES_YES,
     "delete a project, its tokens, its events and its numbers; asks for the id again", project_run_delete},
    {"user erase", "PROJECT USER", 0,
     "put a pseudonym in the place of a user's id; the numbers of the past stay", user_run_erase},
    {"token create", "PROJECT", TAKES_NAME | TAKES_EXPIRES,
     "make a token for a project and print it, this once", token_run_create},
    {"token list", "PROJECT", 0, "list a project's tokens", token_run_list},
    {"token revoke", "ID", 0, "refuse a token from now on", token_run_revoke},
    {"token rotate", "ID", TAKES_GRACE,
     "make a token in the place of another and print it, this once; the other ends after so many hours: 24, "
     "or 0, "
     "at once",
     token_run_rotate},
    {"token show", NULL, 0, "read a token on standard input, and tell whose it is", token_run_show},
    {"import", "FILE", TAKES_IMPORT,
     "add the events of a file of CSV or JSON Lines, gzipped or not; - is standard input", import_run},
    {"retract", "FILE", TAKES_RETRACT, "take back the events that a file names, as import reads it",
     import_run_retract},
    {"pull", "FEED", TAKES_PULL,
     "add what came or changed in a platform's PostgreSQL since the last pull, as events; FEED is the name "
     "of a "
     "query that comes with Daybook, or a path",
     pull_run},
    {"refresh", NULL, TAKES_DAYS, "fold pending events into the rollup, of all days or of some",
     upkeep_run_refresh},
    {"verify", NULL, TAKES_PROJECT | TAKES_DAYS | TAKES_DUPLICATES,
     "recount raw events and name each day whose rollup differs", upkeep_run_verify},
    {"rebuild", NULL, TAKES_PROJECT | TAKES_DAYS | TAKES_ALSO_EMPTY,
     "mend the days that verify names, while writers go on; those without any raw event only if asked",
     upkeep_run_rebuild},
    {"retention", NULL, TAKES_RAW,
     "drop whole months of raw events older than so many days; the rollup stays", upkeep_run_retention},
    {"status", NULL, TAKES_JSON,
     "show versions, sizes, what is pending, tokens soon to expire; exit status 1 if the schema is older "
     "than this program",
     status_run},
    {"check", NULL, CONNECTS_ITSELF | IS_PLUGIN | TAKES_JSON | TAKES_RESPONDER,
     "look at all that a running Daybook needs, and say what to type; exit status as of a monitoring "
     "plug-in: 0 OK, 1 warning, 2 critical, 3 unknown",
     check_run},
    {"metrics", NULL, CONNECTS_ITSELF | TAKES_METRICS,
     "show what responders count, and how the database does, as Prometheus reads it", metrics_run},
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static void print_usage(FILE *out, const struct command *c)
{
    fprintf(out, "daybook-admin %s%s%s", c->name, c->operand == NULL ? "" : " ",
            c->operand == NULL ? "" : c->operand);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (c->flags & 1u << i)
            fprintf(out, OPTIONS[i].missing != NULL ? " --%s%s%s" : " [--%s%s%s]", OPTIONS[i].name,
                    OPTIONS[i].value == NULL ? "" : " ", OPTIONS[i].value == NULL ? "" : OPTIONS[i].value);
    }
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
    printf("  --database CONNINFO  libpq connection string or URI, as the owner\n"
           "                       (default: $DAYBOOK_OWNER_DATABASE, or else $DAYBOOK_DATABASE)\n"
           "  --help               show this, or what a command takes\n"
           "  --version            show the version\n"
           "\nEnvironment: DAYBOOK_OWNER_DATABASE, DAYBOOK_DATABASE, DAYBOOK_READ_DATABASE (of check),\n"
           "DAYBOOK_METRICS for the counters' file, DAYBOOK_SQL for the directory of the migrations;\n"
           "of pull DAYBOOK_PULL_SOURCE, DAYBOOK_PULL_OVERLAP_MINUTES, DAYBOOK_PULL_TIMEOUT_SECONDS, and\n"
           "DAYBOOK_FEEDS for the directory of the feeds.\n"
           "Exit status: 0 done, 1 refused or differing, 2 wrong usage, 3 database out of reach or failing.\n"
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

static int count_operands(const struct command *command)
{
    return command->operand == NULL ? 0 : strchr(command->operand, ' ') == NULL ? 1 : 2;
}

static enum outcome misuse(const struct command *command, const char *why)
{
    complain("%s", why);
    if (command != NULL) {
        fprintf(stderr, "usage: ");
        print_usage(stderr, command);
        fputc('\n', stderr);
    } else {
        fprintf(stderr, "daybook-admin --help lists the commands\n");
    }
    return command != NULL && command->flags & IS_PLUGIN ? OUTCOME_DATABASE : OUTCOME_USAGE;
}

static enum outcome run_connected(const struct command *command, const struct arguments *arguments)
{
    PGconn *connection = connection_open(arguments->database);
    if (connection == NULL)
        return OUTCOME_DATABASE;

    enum outcome outcome =
        command->flags & MAKES_SCHEMA ? OUTCOME_DONE : connection_require_schema(connection);
    if (outcome == OUTCOME_DONE)
        outcome = command->run(connection, arguments);
    PQfinish(connection);
    return outcome;
}

static enum outcome run(const struct command *command, const struct arguments *arguments)
{
    enum outcome outcome =
        command->flags & CONNECTS_ITSELF ? command->run(NULL, arguments) : run_connected(command, arguments);

    if (fflush(stdout) == 0)
        return outcome;
    complain("standard output: %s", strerror(errno));
    return command->flags & IS_PLUGIN ? OUTCOME_DATABASE : OUTCOME_REFUSED;
}

static bool parse_number(const char *text, int min, int max, int *number)
{
    char *end;
    long parsed = strtol(text, &end, 10);

    *number = (int)parsed;
    return *text >= '0' && *text <= '9' && *end == '\0' && parsed >= min && parsed <= max;
}

static bool is_day(const char *text)
{
    day_t day;

    return day_parse(text, strlen(text), &day);
}

/* Reads what the options were given; what is wrong with them, or NULL. */
static const char *read_options(const struct command *command, const char *const given[OPTION_COUNT],
                                struct arguments *arguments)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const bool is_taken = command->flags & 1u << i;
        if (given[i] != NULL && !is_taken)
            return "an option that this command does not take";
        if (given[i] == NULL && is_taken && OPTIONS[i].missing != NULL)
            return OPTIONS[i].missing;
    }
    if (given[OPTION_EXPIRES] != NULL &&
        !parse_number(given[OPTION_EXPIRES], 1, DAYS_MAX, &arguments->expires_days))
        return "--expires takes a number of days from 1 to 36500";
    arguments->grace_hours = GRACE_HOURS;
    if (given[OPTION_GRACE] != NULL &&
        !parse_number(given[OPTION_GRACE], 0, GRACE_HOURS_MAX, &arguments->grace_hours))
        return "--grace takes a number of hours from 0 to 8760";
    if (given[OPTION_RAW] != NULL && !parse_number(given[OPTION_RAW], 1, DAYS_MAX, &arguments->raw_days))
        return "--raw takes a number of days from 1 to 36500";
    if (given[OPTION_SINCE] != NULL && !is_day(given[OPTION_SINCE]))
        return "--since takes a day as YYYY-MM-DD";
    if (given[OPTION_PROJECT] != NULL && given[OPTION_PROJECT_MAP] != NULL)
        return "--project and --project-map exclude each other";
    if ((given[OPTION_FROM] != NULL && !is_day(given[OPTION_FROM])) ||
        (given[OPTION_TO] != NULL && !is_day(given[OPTION_TO])))
        return "--from and --to take a day as YYYY-MM-DD";
    /* Days so written sort as they come. */
    if (given[OPTION_FROM] != NULL && given[OPTION_TO] != NULL &&
        strcmp(given[OPTION_FROM], given[OPTION_TO]) > 0)
        return "--from is after --to, which is the day behind the last";
    if (given[OPTION_KEEP_FIRST] != NULL && given[OPTION_REPLACE] != NULL)
        return "--keep-first and --replace exclude each other";
    arguments->name = given[OPTION_NAME];
    arguments->project = given[OPTION_PROJECT];
    arguments->store = given[OPTION_STORE];
    arguments->owner = given[OPTION_OWNER];
    arguments->from = given[OPTION_FROM];
    arguments->to = given[OPTION_TO];
    arguments->also_empty = given[OPTION_ALSO_EMPTY] != NULL;
    arguments->yes = given[OPTION_YES] != NULL;
    arguments->duplicates = given[OPTION_DUPLICATES] != NULL;
    arguments->zone = given[OPTION_ZONE];
    arguments->rejects = given[OPTION_REJECTS];
    arguments->map = given[OPTION_MAP];
    arguments->file = given[OPTION_FILE];
    arguments->openmetrics = given[OPTION_OPENMETRICS] != NULL;
    arguments->source = given[OPTION_SOURCE];
    arguments->project_map = given[OPTION_PROJECT_MAP];
    arguments->since = given[OPTION_SINCE];
    arguments->dry_run = given[OPTION_DRY_RUN] != NULL;
    arguments->keep_first = given[OPTION_KEEP_FIRST] != NULL;
    arguments->replace = given[OPTION_REPLACE] != NULL;
    arguments->refuse_moved = given[OPTION_REFUSE_MOVED] != NULL;
    arguments->allow_dropped = given[OPTION_ALLOW_DROPPED] != NULL;
    arguments->json = given[OPTION_JSON] != NULL;
    if (given[OPTION_RESPONDER] != NULL)
        arguments->responder = given[OPTION_RESPONDER];
    return NULL;
}

/* Takes the options out of argv; false after a complaint of getopt's. */
static bool parse_options(int argc, char **argv, const char *given[OPTION_COUNT], const char **database,
                          char *shown)
{
    struct option options[OPTION_COUNT + 4] = {{"database", required_argument, NULL, 'd'},
                                               {"help", no_argument, NULL, 'h'},
                                               {"version", no_argument, NULL, 'v'}};

    /* Those of the table have their index for a letter: no letter is that small. */
    for (int i = 0; i < OPTION_COUNT; i++)
        options[3 + i] = (struct option){OPTIONS[i].name,
                                         OPTIONS[i].value == NULL ? no_argument : required_argument, NULL, i};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == '?')
            return false;
        if (option == 'd')
            *database = optarg;
        else if (option == 'h' || option == 'v')
            *shown = (char)option;
        else
            given[option] = optarg == NULL ? "" : optarg;
    }
    return true;
}

/* A setting of the environment; NULL if it is empty. */
static const char *setting(const char *name)
{
    const char *text = getenv(name);

    return text == NULL || *text == '\0' ? NULL : text;
}

int main(int argc, char **argv)
{
    const char *given[OPTION_COUNT] = {NULL}, *owner = setting("DAYBOOK_OWNER_DATABASE"), *database = NULL;
    char shown = '\0';
    if (!parse_options(argc, argv, given, &database, &shown))
        return OUTCOME_USAGE;

    int taken = 0, count = argc - optind;
    char *const *words = argv + optind;
    const struct command *command = find(count, words, &taken);
    if (shown == 'v') {
        puts("daybook-admin " PACKAGE_VERSION);
        return OUTCOME_DONE;
    }
    if (shown == 'h') {
        print_help(command);
        return OUTCOME_DONE;
    }
    if (command == NULL)
        return misuse(NULL, count == 0 ? "no command given" : "no such command");
    int operands = count_operands(command);
    if (count != taken + operands)
        return misuse(command, count < taken + operands ? "an operand is missing" : "too many operands");

    struct arguments arguments = {.operand = operands > 0 ? words[taken] : NULL,
                                  .second_operand = operands > 1 ? words[taken + 1] : NULL,
                                  .responder = owner == NULL ? NULL : setting("DAYBOOK_DATABASE")};
    const char *wrong = read_options(command, given, &arguments);
    if (wrong != NULL)
        return misuse(command, wrong);
    /* The services' settings have both: of these, DAYBOOK_DATABASE is the responders'. */
    if (database == NULL && command->flags & IS_FOR_SUPERUSER)
        database = "dbname=daybook";
    else if (database == NULL)
        database = owner != NULL ? owner : setting("DAYBOOK_DATABASE");
    if (database == NULL || *database == '\0')
        return misuse(command, "which database? give --database or set DAYBOOK_DATABASE");
    arguments.database = database;
    return run(command, &arguments);
}
