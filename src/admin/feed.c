#include "feed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

/* What some editors begin a file with. */
static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

static const char *directory(void)
{
    const char *set = getenv("DAYBOOK_FEEDS");

    return set == NULL || *set == '\0' ? FEEDS_DIRECTORY : set;
}

/* Finds the file, and the name by which the feed is known. */
static bool find(const char *operand, struct feed *feed, char *why)
{
    if (strchr(operand, '/') == NULL) {
        const int length = snprintf(feed->path, sizeof(feed->path), "%s/%s.sql", directory(), operand);
        snprintf(feed->name, sizeof(feed->name), "%s", operand);
        if (*operand != '\0' && length < FEED_PATH_SIZE)
            return true;
        snprintf(why, FEED_WHY_SIZE, "no name of a feed");
        return false;
    }
    char *path = realpath(operand, NULL);
    if (path == NULL || strlen(path) >= FEED_PATH_SIZE) {
        snprintf(why, FEED_WHY_SIZE, "%s", path == NULL ? strerror(errno) : "the path is too long");
        free(path);
        return false;
    }
    strcpy(feed->path, path);
    strcpy(feed->name, path);
    free(path);
    return true;
}

/* Reads the file; false if it is none of text. */
static bool read_text(struct feed *feed, FILE *file, char *why)
{
    feed->text = malloc(TEXT_MAX + 1);
    if (feed->text == NULL) {
        snprintf(why, FEED_WHY_SIZE, "out of memory");
        return false;
    }
    size_t length = fread(feed->text, 1, TEXT_MAX, file);
    feed->text[length] = '\0';
    if (strncmp(feed->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        length -= strlen(BYTE_ORDER_MARK);
        memmove(feed->text, feed->text + strlen(BYTE_ORDER_MARK), length + 1);
    }
    if (ferror(file))
        snprintf(why, FEED_WHY_SIZE, "%s: %s", feed->path, strerror(errno));
    else if (length + strlen(BYTE_ORDER_MARK) >= TEXT_MAX || strlen(feed->text) != length)
        snprintf(why, FEED_WHY_SIZE, "%s: no text of less than 1 MiB", feed->path);
    else
        return true;
    return false;
}

bool feed_read(const char *operand, struct feed *feed, char why[FEED_WHY_SIZE])
{
    *feed = (struct feed){.text = NULL};
    if (!find(operand, feed, why))
        return false;
    FILE *file = fopen(feed->path, "r");
    if (file == NULL) {
        snprintf(why, FEED_WHY_SIZE, "%s: %s%s", feed->path, strerror(errno),
                 strchr(operand, '/') == NULL
                     ? "; that folder has the feeds, and a name with a slash is a path"
                     : "");
        return false;
    }
    const bool is_read = read_text(feed, file, why);
    fclose(file);
    return is_read;
}

void feed_free(struct feed *feed)
{
    free(feed->text);
    feed->text = NULL;
}

int feed_line(const char *text, const char *position)
{
    long left = position == NULL ? 0 : strtol(position, NULL, 10);
    int line = 1;

    if (left <= 0)
        return 0;
    /* PostgreSQL counts characters: a byte that goes on with one of UTF-8 is none. */
    for (const char *p = text; *p != '\0'; p++) {
        left -= ((unsigned char)*p & 0xC0) != 0x80;
        if (left == 0)
            return line;
        line += *p == '\n';
    }
    return left == 1 ? line : 0; /* behind the last one, where something is missing */
}
