#include "rejects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rejects {
    FILE *file;
    enum reader_format format;
    char delimiter;
    int64_t count;
};

struct rejects *rejects_open(const char *name)
{
    struct rejects *rejects = calloc(1, sizeof(*rejects));

    if (rejects == NULL)
        return NULL;
    rejects->file = fopen(name, "we");
    if (rejects->file == NULL) {
        free(rejects);
        return NULL;
    }
    return rejects;
}

void rejects_begin(struct rejects *rejects, const struct reader *reader)
{
    const struct record *header = reader_record(reader);

    rejects->format = reader_format(reader);
    rejects->delimiter = reader_delimiter(reader);
    if (rejects->format == READER_CSV)
        fprintf(rejects->file, "line%creason%c%.*s\n", rejects->delimiter, rejects->delimiter,
                (int)header->length, header->text);
}

/* Writes a text within quotes, as CSV or JSON has it. */
static void put_quoted(const struct rejects *rejects, const char *text, size_t length)
{
    putc('"', rejects->file);
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (rejects->format == READER_CSV) {
            if (c == '"')
                putc('"', rejects->file);
            putc(c, rejects->file);
        } else if (c < ' ') {
            fprintf(rejects->file, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\')
                putc('\\', rejects->file);
            putc(c, rejects->file);
        }
    }
    putc('"', rejects->file);
}

/* The members of an object on a line, behind its brace; NULL if it has none, or is none. */
static const char *members(const struct value *text)
{
    const char *end = text->text + text->length;
    const char *p = text->text;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == end || *p++ != '{')
        return NULL;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p < end && *p == '"' ? p : NULL;
}

void rejects_add(struct rejects *rejects, int64_t line, const char *why, const struct value *text)
{
    rejects->count++;
    if (rejects->format == READER_CSV) {
        fprintf(rejects->file, "%lld%c", (long long)line, rejects->delimiter);
        put_quoted(rejects, why, strlen(why));
        putc(rejects->delimiter, rejects->file);
        fwrite(text->text, 1, text->length, rejects->file);
    } else {
        const char *rest = members(text);
        fprintf(rejects->file, "{\"line\": %lld, \"reason\": ", (long long)line);
        put_quoted(rejects, why, strlen(why));
        fputs(", ", rejects->file);
        if (rest != NULL) {
            fwrite(rest, 1, text->length - (size_t)(rest - text->text), rejects->file);
        } else {
            fputs("\"record\": ", rejects->file);
            put_quoted(rejects, text->text, text->length);
            putc('}', rejects->file);
        }
    }
    putc('\n', rejects->file);
}

int64_t rejects_count(const struct rejects *rejects)
{
    return rejects->count;
}

bool rejects_sync(struct rejects *rejects)
{
    if (ferror(rejects->file) || fflush(rejects->file) != 0)
        return false;
    /* A pipe or a terminal cannot be synchronized, and need not be. */
    return fsync(fileno(rejects->file)) == 0 || errno == EINVAL || errno == EROFS;
}

void rejects_close(struct rejects *rejects)
{
    fclose(rejects->file);
    free(rejects);
}
