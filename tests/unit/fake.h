#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>

#include <libpq-fe.h>

/*
 * Functions that fail when a test says so, in the place of libraries' functions of the same name (the
 * linker's
 * --wrap). Memory, json-c, libcrypto and the system's random bytes are the real ones until then. A connection
 * of libpq is a fake throughout, and so is syslog: the unit tests have no server. Which names there are,
 * Makefile.am lists.
 */

/* Ends what an earlier test has set: each test that uses a fake begins with it. */
void fake_reset(void);

/* Has the turn-th call from now on fail, the first being 1, whichever it is; none before or after it. 0:
 * none. */
void fake_fail_at(unsigned turn);

/* Has each call of this name fail. NULL: none. */
void fake_fail_all(const char *name);

/* Ends either, and says whether a call has failed since. Assertions of Check need memory: call this before
 * them. */
bool fake_has_failed(void);

/* --- libpq: one connection, whose socket has room to write and nothing to read ------------------------- */

/* A connection as a module would have made it. */
PGconn *fake_connection(void);

/* Connections that have been made and not finished. */
int fake_open_connections(void);

/* The server says something: there is a byte to read from now on. */
void fake_hear_from_server(void);

/* Behind so many results, has the next one be awaited so many times. */
void fake_be_busy(int behind, int times);

/* A result without rows, nor words of why it failed but those of fake_tell(). */
PGresult *fake_result(ExecStatusType status);

/* What failed results tell from now on: SQLSTATE and message. */
void fake_tell(const char *state, const char *message);

/* Appends a result to those that come; NULL stands behind the last of a statement. The fake's from now on. */
void fake_push_result(PGresult *result);

/* --- what is said -------------------------------------------------------------------------------------- */

/* The last line to syslog; "" if there is none. */
const char *fake_syslog_line(void);

/* Keeps what goes to stderr, until fake_heard() gives it and lets stderr be what it was. */
void fake_listen(void);
const char *fake_heard(void);

/* --- between the fakes --------------------------------------------------------------------------------- */

/* Whether a call of this name is to fail. Counts it. */
bool fake_fails(const char *name);
void fake_reset_connection(void);

#endif
