#include "project_map.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "event.h"
#include "sha256.h"

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
        snprintf(why, PROJECT_MAP_WHY_SIZE,
                 "\"%.40s\" is given no project: its id is a string of 1 to 64 letters, digits, \".\", "
                 "\"_\", \"~\""
                 " or \"-\", the first a letter or a digit",
                 id);
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

bool project_map_read(const char *file, struct project_map *map, char why[PROJECT_MAP_WHY_SIZE])
{
    unsigned char digest[SHA256_SIZE] = {0};

    *map = (struct project_map){.projects = json_object_from_file(file)};
    if (map->projects == NULL) {
        snprintf(why, PROJECT_MAP_WHY_SIZE, "%s", json_util_get_last_err());
        return false;
    }
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
