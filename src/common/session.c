#include "session.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * How text becomes a value and a value text; which transactions begin; what else changes what a statement
 * means. Not by options of the connection, which poolers refuse. Warnings are enough, as programs and not
 * people read what comes.
 */
const char SESSION_SQL[] =
    "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
    " ('search_path', 'pg_catalog'),"
    " ('standard_conforming_strings', 'on'), ('quote_all_identifiers', 'off'), ('array_nulls', 'on'),"
    " ('transform_null_equals', 'off'), ('bytea_output', 'hex'), ('extra_float_digits', '1'),"
    " ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'),"
    " ('default_transaction_read_only', 'off'), ('default_transaction_deferrable', 'off'),"
    " ('default_transaction_isolation', 'read committed'),"
    " ('row_security', 'on'), ('check_function_bodies', 'on'), ('exit_on_error', 'off'),"
    " ('plpgsql.extra_errors', 'none'), ('plpgsql.extra_warnings', 'none'),"
    " ('client_min_messages', 'warning')) AS setting (name, value)";

const char *session_warning(const PGresult *notice)
{
    const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool is_of_server = state != NULL && severity != NULL;

    if (is_of_server && strcmp(severity, "WARNING") != 0)
        return NULL;
    return PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
}
