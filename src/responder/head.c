#include "head.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "value.h"

void head_put(struct head *head, const char *text)
{
    const size_t length = strlen(text);

    assert(length < sizeof(head->text) - head->length);
    memcpy(head->text + head->length, text, length);
    head->length += length;
}

void head_put_number(struct head *head, int64_t number)
{
    assert(VALUE_TEXT_MAX < sizeof(head->text) - head->length);
    head->length = (size_t)(value_put_integer(head->text + head->length, number) - head->text);
}

void head_begin(struct head *head, const char *name)
{
    head_put(head, name);
    head_put(head, ": ");
}

void head_end(struct head *head)
{
    head_put(head, "\r\n");
}

void head_text(struct head *head, const char *name, const char *value)
{
    head_begin(head, name);
    head_put(head, value);
    head_end(head);
}

void head_number(struct head *head, const char *name, int64_t value)
{
    head_begin(head, name);
    head_put_number(head, value);
    head_end(head);
}

void head_day(struct head *head, const char *name, day_t day)
{
    char text[DAY_TEXT_LENGTH + 1];

    day_format(day, text);
    head_text(head, name, text);
}

void head_date(struct head *head, const char *name, int64_t instant)
{
    const time_t seconds = (time_t)instant;
    char text[sizeof("Thu, 01 Jan 1970 00:00:00 GMT") + 8];
    struct tm tm;

    /* The names of days and months are English: the process has no locale but C. */
    if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        head_text(head, name, text);
}
