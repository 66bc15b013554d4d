#include "fake.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <openssl/evp.h>

/* A test runs in a process of its own, or behind fake_reset(). */
static unsigned calls_until_failure; /* 0: none fails */
static const char *failing_name;
static bool has_failed;
static char syslog_line[1024];
static FILE *usual_stderr;
static char *heard;
static size_t heard_length;

bool fake_fails(const char *name)
{
    bool fails = failing_name != NULL && strcmp(name, failing_name) == 0;

    if (calls_until_failure > 0 && --calls_until_failure == 0)
        fails = true;
    has_failed |= fails;
    return fails;
}

void fake_fail_at(unsigned turn)
{
    calls_until_failure = turn;
    has_failed = false;
}

void fake_fail_all(const char *name)
{
    failing_name = name;
    has_failed = false;
}

bool fake_has_failed(void)
{
    calls_until_failure = 0;
    failing_name = NULL;
    return has_failed;
}

const char *fake_syslog_line(void)
{
    return syslog_line;
}

void fake_listen(void)
{
    assert(usual_stderr == NULL);
    usual_stderr = stderr;
    stderr = open_memstream(&heard, &heard_length);
    assert(stderr != NULL);
}

const char *fake_heard(void)
{
    static char words[4096];

    fclose(stderr);
    stderr = usual_stderr;
    usual_stderr = NULL;
    snprintf(words, sizeof(words), "%s", heard);
    free(heard);
    return words;
}

void fake_reset(void)
{
    fake_fail_at(0);
    fake_fail_all(NULL);
    syslog_line[0] = '\0';
    fake_reset_connection();
}

/* The linker gives these names to what a --wrap puts in the place of a function, and to the function itself.
 */
/* A type is no expression that could stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses,bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A function that returns a pointer, in two lines: what the real one returns, or NULL. */
#define WRAP_POINTER(type, name, parameters, arguments)                                                      \
    type *__real_##name parameters;                                                                          \
    type *__wrap_##name parameters;                                                                          \
    type *__wrap_##name parameters                                                                           \
    {                                                                                                        \
        return fake_fails(#name) ? NULL : __real_##name arguments;                                           \
    }

#define WRAP_NUMBER(name, parameters, arguments, failure)                                                    \
    int __real_##name parameters;                                                                            \
    int __wrap_##name parameters;                                                                            \
    int __wrap_##name parameters                                                                             \
    {                                                                                                        \
        return fake_fails(#name) ? (failure) : __real_##name arguments;                                      \
    }

WRAP_POINTER(void, malloc, (size_t size), (size))
WRAP_POINTER(void, calloc, (size_t count, size_t size), (count, size))
WRAP_POINTER(struct json_object, json_object_new_object, (void), ())
WRAP_POINTER(struct json_object, json_object_new_string, (const char *text), (text))
WRAP_POINTER(struct json_object, json_object_new_int, (int32_t number), (number))
WRAP_POINTER(struct json_object, json_object_new_int64, (int64_t number), (number))
WRAP_POINTER(struct json_object, json_object_new_boolean, (json_bool truth), (truth))
WRAP_POINTER(struct json_object, json_object_new_array_ext, (int size), (size))
WRAP_POINTER(const char, json_object_to_json_string_length,
             (struct json_object * object, int flags, size_t *length), (object, flags, length))
WRAP_NUMBER(json_object_object_add_ex,
            (struct json_object * object, const char *key, struct json_object *value, unsigned options),
            (object, key, value, options), -1)
WRAP_NUMBER(EVP_DigestInit_ex2, (EVP_MD_CTX * context, const EVP_MD *type, const OSSL_PARAM *params),
            (context, type, params), 0)
WRAP_NUMBER(RAND_bytes, (unsigned char *bytes, int count), (bytes, count), 0)

static void keep_syslog_line(const char *format, va_list arguments)
{
    vsnprintf(syslog_line, sizeof(syslog_line), format, arguments);
}

void __wrap_syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __wrap_syslog(int priority, const char *format, ...)
{
    va_list arguments;

    (void)priority;
    va_start(arguments, format);
    keep_syslog_line(format, arguments);
    va_end(arguments);
}

/* What syslog() becomes in a build with _FORTIFY_SOURCE. */
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    (void)priority;
    (void)flag;
    va_start(arguments, format);
    keep_syslog_line(format, arguments);
    va_end(arguments);
}

/* NOLINTEND(bugprone-macro-parentheses,bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
