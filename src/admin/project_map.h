#ifndef PROJECT_MAP_H
#define PROJECT_MAP_H

#include <stdbool.h>

struct json_object;

enum { PROJECT_MAP_NAME_SIZE = 80, PROJECT_MAP_WHY_SIZE = 256 };

/* Which project of Daybook's the rows of a source go to, by the id that the source has. */
struct project_map {
    const char *project;              /* of all rows; or NULL */
    struct json_object *projects;     /* by id, of the rows whose id is named; or NULL */
    char name[PROJECT_MAP_NAME_SIZE]; /* the same for the same map, by which daybook.feeds knows it */
};

/* The map that gives all rows one project, or leaves them the source's own ids, if that is NULL. */
void project_map_all(const char *project, struct project_map *map);

/*
 * Reads a map from a file: an object of JSON, the source's ids as names and projects as values. False if it
 * has none; why then says what is wrong. Ended by project_map_free() in either case.
 */
bool project_map_read(const char *file, struct project_map *map, char why[PROJECT_MAP_WHY_SIZE]);

void project_map_free(struct project_map *map);

/* The project of the rows with an id, which may be NULL; NULL: they are passed over. */
const char *project_map_find(const struct project_map *map, const char *id);

#endif
