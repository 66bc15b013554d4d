#include "project_map.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "event.h"
#include "sha256.h"
#include "text_file.h"

enum { PAIR_SIZE = 1024 };

void project_map_all(const char *project, struct project_map *map)
{
    *map = (struct project_map){.project = project};
    if (project == NULL)
        strcpy(map->name, "ids of the source");
    else
        snprintf(map->name, sizeof(map->name), "project %s", project);
}

/* Checks one line of the map, and takes it into the digest: in whatever order, the same lines are the same
 * map. */
static bool take(const char *id, const struct json_object *value, unsigned char all[SHA256_SIZE], char *why)
{
    const char *project = json_object_get_string((struct json_object *)value);
    unsigned char digest[SHA256_SIZE];
    char pair[PAIR_SIZE];

    if (!json_object_is_type(value, json_type_string) || !event_is_project(project, strlen(project))) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "\"%.40s\" is given no project: its id is a string of %s", id,
                 EVENT_PROJECT_RULE);
        return false;
    }
    const int length = snprintf(pair, sizeof(pair), "%s\n%s", id, project);
    if (length >= PAIR_SIZE || !sha256(pair, (size_t)length, digest)) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "\"%.40s\"... is too long", id);
        return false;
    }
    for (size_t i = 0; i < SHA256_SIZE; i++)
        all[i] ^= digest[i];
    return true;
}

/* How many strings a text of JSON has. */
static size_t count_strings(const char *text)
{
    size_t quotes = 0;
    bool is_string = false;

    for (; *text != '\0'; text++) {
        if (is_string && *text == '\\' && text[1] != '\0') {
            text++;
        } else if (*text == '"') {
            is_string = !is_string;
            quotes++;
        }
    }
    return quotes / 2;
}

/* Parses a text that is one object and nothing else; NULL with the reason if it is not. */
static struct json_object *parse(const char *text, size_t length, char *why)
{
    struct json_tokener *tokener = json_tokener_new();

    if (tokener == NULL || length > INT_MAX || strlen(text) != length || strstr(text, "\\u0000") != NULL) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "%s",
                 tokener == NULL ? "out of memory" : "it holds a NUL, or is too long");
        json_tokener_free(tokener);
        return NULL;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, text, (int)length);
    const enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success || json_tokener_get_parse_end(tokener) != length) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "no JSON, or not one object alone: %s at byte %zu",
                 error == json_tokener_success ? "something follows" : json_tokener_error_desc(error),
                 json_tokener_get_parse_end(tokener));
        json_object_put(object);
        object = NULL;
    }
    json_tokener_free(tokener);
    return object;
}

/* Reads a file without the blanks at its end. */
static char *read_text(const char *path, size_t *length, char *why)
{
    char *text = text_file_read(path, length);

    if (text == NULL) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "%s", errno == 0 ? "it is empty" : strerror(errno));
        return NULL;
    }
    while (*length > 0 && strchr(" \t\r\n", text[*length - 1]) != NULL && text[*length - 1] != '\0')
        text[--*length] = '\0';
    return text;
}

bool project_map_read(const char *file, struct project_map *map, char why[PROJECT_MAP_WHY_SIZE])
{
    unsigned char digest[SHA256_SIZE] = {0};

    size_t length;
    char *text = read_text(file, &length, why);

    *map = (struct project_map){.projects = text == NULL ? NULL : parse(text, length, why)};
    const size_t strings = text == NULL ? 0 : count_strings(text);
    free(text);
    if (map->projects == NULL)
        return false;
    if (!json_object_is_type(map->projects, json_type_object) ||
        json_object_object_length(map->projects) == 0) {
        snprintf(why, PROJECT_MAP_WHY_SIZE,
                 "no object of ids and projects, such as {\"1\": \"acme\", \"2\": \"globex\"}");
        return false;
    }
    json_object_object_foreach(map->projects, id, value)
    {
        if (!take(id, value, digest, why))
            return false;
    }
    if (strings != 2 * (size_t)json_object_object_length(map->projects)) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "an id stands in it twice");
        return false;
    }
    char *end = map->name + sprintf(map->name, "map ");
    for (size_t i = 0; i < SHA256_SIZE / 2; i++)
        end += sprintf(end, "%02x", digest[i]);
    return true;
}

void project_map_free(struct project_map *map)
{
    json_object_put(map->projects);
    map->projects = NULL;
}

const char *project_map_find(const struct project_map *map, const char *id)
{
    struct json_object *project;

    if (map->project != NULL)
        return map->project;
    if (map->projects == NULL)
        return id == NULL ? "" : id; /* none, which an event is refused for */
    if (id == NULL || !json_object_object_get_ex(map->projects, id, &project))
        return NULL;
    return json_object_get_string(project);
}
