#include "text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

char *text_file_read(const char *path, size_t *length)
{
    char *text = NULL;
    size_t size = 0;

    errno = 0;
    FILE *file = fopen(path, "r");
    const ssize_t got = file == NULL ? -1 : getdelim(&text, &size, '\0', file);
    const int fault = errno;
    if (got < 0) {
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    errno = fault;
    *length = got < 0 ? 0 : (size_t)got;
    return text;
}
