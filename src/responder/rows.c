#include "rows.h"

#include <stdlib.h>

void rows_begin(struct rows *rows)
{
    rows->may_be_read = false;
    rows->count = 0;
    rows->texts = NULL;
    rows->texts_length = 0;
}

void rows_free(struct rows *rows)
{
    free(rows->texts);
    rows_begin(rows);
}
