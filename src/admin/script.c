#include "script.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "connection.h"
#include "text_file.h"

static const char SUFFIX[] = ".sql";
static const char SCHEMA_MARK[] = "@extschema:";

enum { NUMBER_LENGTH = 4, PATH_SIZE = 4096, MARK_SIZE = 128 };

static const char *const FOLDERS[] = {
    [PART_REQUIRE] = "require",
    [PART_SCHEMA] = "schema",
    [PART_UPGRADE] = "upgrade",
    [PART_CODE] = "code",
};

static const char *directory(void)
{
    const char *set = getenv("DAYBOOK_SQL");

    return set == NULL || *set == '\0' ? SQL_DIRECTORY : set;
}

/* Not what an editor leaves beside a file: a hidden one, or one of another suffix. */
static int is_sql(const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t length = strlen(name), suffix = sizeof(SUFFIX) - 1;

    return *name != '.' && length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

/* Whether a name is NNNN-NAME.sql. */
static bool is_numbered(const char *name)
{
    return strspn(name, "0123456789") == NUMBER_LENGTH && name[NUMBER_LENGTH] == '-';
}

/* Where a script stands among those of its number: an upgrade before or behind the schema's. */
static int phase(const struct script *script)
{
    if (script->part != PART_UPGRADE)
        return 0;
    return strncmp(script->name + NUMBER_LENGTH, "-before", sizeof("-before") - 1) == 0 ? -1 : 1;
}

/* Requirements first, schema and upgrades by number, code last; each in the order of the names. */
static int compare(const void *left, const void *right)
{
    const struct script *a = left, *b = right;
    enum script_part rank_a = a->part == PART_UPGRADE ? PART_SCHEMA : a->part;
    enum script_part rank_b = b->part == PART_UPGRADE ? PART_SCHEMA : b->part;

    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    if (a->number != b->number)
        return a->number - b->number;
    if (phase(a) != phase(b))
        return phase(a) - phase(b);
    return strcmp(a->name, b->name);
}

/* The script of that name in a part that is there already, or a new one; NULL if there is no memory. */
static struct script *place_for(struct scripts *scripts, enum script_part part, const char *name)
{
    for (size_t i = 0; i < scripts->count; i++) {
        if (scripts->script[i].part == part && strcmp(scripts->script[i].name, name) == 0)
            return &scripts->script[i];
    }
    struct script *more = realloc(scripts->script, (scripts->count + 1) * sizeof(*more));
    if (more == NULL)
        return NULL;
    scripts->script = more;
    more[scripts->count] = (struct script){.part = part, .name = strdup(name)};
    return more[scripts->count].name == NULL ? NULL : &more[scripts->count++];
}

static bool add(struct scripts *scripts, enum script_part part, const char *folder, const char *name)
{
    struct script *script = place_for(scripts, part, name);
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (script != NULL) {
        free(script->path);
        script->path = strdup(path);
        script->number = part == PART_SCHEMA || part == PART_UPGRADE ? atoi(name) : 0;
    }
    if (script == NULL || script->path == NULL) {
        complain("out of memory");
        return false;
    }
    return true;
}

/* Adds the scripts of a folder. A store need not have a folder of its own. */
static bool add_folder(struct scripts *scripts, enum script_part part, const char *own)
{
    char folder[PATH_SIZE];
    struct dirent **files;
    bool good = true;

    int length = snprintf(folder, sizeof(folder), "%s/%s%s%s", directory(), FOLDERS[part],
                          *own == '\0' ? "" : "/", own);
    int count = (size_t)length >= sizeof(folder) ? -1 : scandir(folder, &files, is_sql, alphasort);
    if (count < 0)
        return *own != '\0';
    for (int i = 0; i < count; i++) {
        if (part == PART_CODE || is_numbered(files[i]->d_name))
            good = good && add(scripts, part, folder, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    return good;
}

/* What a store needs of the server is a file of its name; every store needs every-store.sql. */
static bool add_requirements(struct scripts *scripts, const char *store)
{
    char folder[PATH_SIZE], name[MARK_SIZE];

    snprintf(folder, sizeof(folder), "%s/%s", directory(), FOLDERS[PART_REQUIRE]);
    snprintf(name, sizeof(name), "%s.sql", store);
    return add(scripts, PART_REQUIRE, folder, "every-store.sql") &&
           (strcmp(store, "rollup") == 0 || add(scripts, PART_REQUIRE, folder, name));
}

bool scripts_find(const char *store, struct scripts *scripts)
{
    static const enum script_part PARTS[] = {PART_SCHEMA, PART_UPGRADE, PART_CODE};

    *scripts = (struct scripts){0};
    bool good = add_requirements(scripts, store);
    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]) && good; i++) {
        errno = 0;
        good = add_folder(scripts, PARTS[i], "") && add_folder(scripts, PARTS[i], store);
        if (!good)
            complain("no SQL in %s/%s%s%s; set DAYBOOK_SQL", directory(), FOLDERS[PARTS[i]],
                     errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
    }
    if (!good) {
        scripts_free(scripts);
        return false;
    }
    qsort(scripts->script, scripts->count, sizeof(*scripts->script), compare);
    return true;
}

int scripts_newest(const struct scripts *scripts)
{
    int newest = 0;

    for (size_t i = 0; i < scripts->count; i++) {
        if (scripts->script[i].part == PART_SCHEMA && scripts->script[i].number > newest)
            newest = scripts->script[i].number;
    }
    return newest;
}

void scripts_free(struct scripts *scripts)
{
    for (size_t i = 0; i < scripts->count; i++) {
        free(scripts->script[i].name);
        free(scripts->script[i].path);
    }
    free(scripts->script);
    *scripts = (struct scripts){0};
}

/* The whole file, to be freed; NULL after a failure, which it tells. */
static char *read_file(const char *path)
{
    size_t length;
    char *text = text_file_read(path, &length);

    if (text == NULL)
        complain("%s: %s", path, errno == 0 ? "empty" : strerror(errno));
    return text;
}

/*
 * The text with the schema in every place where the mark for this extension is, to be freed; NULL if there is
 * no memory.
 */
static char *with_schema(const char *text, const char *extension, const char *schema)
{
    char mark[MARK_SIZE], *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);

    if (out == NULL)
        return NULL;
    snprintf(mark, sizeof(mark), "%s%s@", SCHEMA_MARK, extension);
    for (const char *found; (found = strstr(text, mark)) != NULL; text = found + strlen(mark))
        fprintf(out, "%.*s%s", (int)(found - text), text, schema);
    fputs(text, out);
    if (fclose(out) != 0) {
        free(result);
        return NULL;
    }
    return result;
}

/*
 * Puts the schemas of the extensions that the database has where their marks are. Takes the text, gives
 * another; NULL after a failure.
 */
static char *with_schemas(PGconn *connection, char *text)
{
    PGresult *extensions = connection_query(connection,
                                            "SELECT extname, quote_ident(nspname) FROM pg_extension e"
                                            "  JOIN pg_namespace n ON n.oid = e.extnamespace",
                                            0, NULL);

    if (extensions == NULL) {
        free(text);
        return NULL;
    }
    for (int i = 0; text != NULL && i < PQntuples(extensions); i++) {
        char *before = text;
        text = with_schema(before, PQgetvalue(extensions, i, 0), PQgetvalue(extensions, i, 1));
        free(before);
        if (text == NULL)
            complain("out of memory");
    }
    PQclear(extensions);
    return text;
}

char *script_text(PGconn *connection, const struct script *script, bool *is_read)
{
    char *text = read_file(script->path);

    *is_read = text != NULL;
    return text == NULL ? NULL : with_schemas(connection, text);
}

/* What stands before the first DO is for psql, which a person runs the file with. */
char *script_hardening(const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/hardening/%s.sql", directory(), name);
    char *text = read_file(path);
    const char *sql = text == NULL ? NULL : strstr(text, "\nDO $$");
    if (text != NULL && sql == NULL)
        complain("%s: has no DO", path);
    char *copy = sql == NULL ? NULL : strdup(sql);
    free(text);
    return copy;
}

void script_complain(const struct script *script, const char *sql, const PGconn *connection,
                     const PGresult *result)
{
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    int line = 1;

    for (long i = 1, end = position == NULL ? 0 : atol(position); i < end && *sql != '\0'; i++)
        line += *sql++ == '\n';
    if (position == NULL)
        complain("%s failed; nothing is kept:", script->path);
    else
        complain("%s failed at line %d; nothing is kept:", script->path, line);
    connection_complain(connection, result);
}
