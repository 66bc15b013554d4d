#ifndef STATEMENT_H
#define STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "admission.h"
#include "link.h"
#include "question.h"
#include "rows.h"
#include "vitals.h"

/*
 * The responder's SQL: what is prepared on a link, sent over it and read from it.
 *
 * A request is two statements sent together, the opening and the page. On the primary the opening is
 * daybook.admit(), which judges and counts the request. On a replica it asks whether the replica has caught
 * up. Each has a sync, and so a transaction, of its own: the lock on the window ends with the first. The
 * opening leaves the project that may be read in the session's setting daybook.admitted; without it, the
 * page's function scans nothing and gives no rows, and the page says so. Results are read in the order of
 * sending, one reading for each sending.
 *
 * A function that sends returns false if libpq has no room; link_fail_as_told() says why. One that prepares
 * or reads returns false after a fault, which link_fail() has logged.
 */
enum opening { OPENING_ADMIT, OPENING_CATCH_UP };

/*
 * Makes a fresh connection ready: fixes what the session depends on, and prepares the opening and every page,
 * all in one round trip. The server gives up on a statement shortly before patience_ms are over.
 */
bool statement_prepare(struct link *link, enum opening opening, int patience_ms);

/* Has a connection that is ready in this way: the one that there is, or a new one. */
bool statement_make_ready(struct link *link, enum opening opening, int patience_ms);

/* On the primary. Asks for the version of the schema, and the store; then the question is over. */
bool statement_ask_schema(struct link *link, int *version, char store[STORE_NAME_SIZE]);

/* On the primary. Asks how the database does. */
bool statement_ask_vitals(struct link *link, struct vitals *vitals);

/* On the primary. With wants_position, its answer has the position of statement_read_admission(). */
bool statement_send_admit(const struct link *link, const struct question *question, bool wants_position);

/* On a replica: lets the project be read if all is there that the primary had at the position. */
bool statement_send_catch_up(const struct link *link, const char *project, int64_t position);

/* The name of the question's page, as in the log: the function that gives its rows. It has params. */
const char *statement_page_name(const struct question *question);

/* On either. The question has params. */
bool statement_send_page(const struct link *link, const struct question *question);

/*
 * Fills in the admission, which is {0}, but for the version's session and is_known. *position becomes how far
 * the primary has flushed its log (WAL, in bytes); everything committed earlier lies before that. VALUE_NULL
 * if it was not asked for.
 */
bool statement_read_admission(struct link *link, const struct question *question, struct admission *admission,
                              int64_t *position);

bool statement_read_catch_up(struct link *link, bool *has_caught_up);

/*
 * Reads the rows of the page; none, which may not be read, if the opening let nothing be read. The rows have
 * begun, and what they hold is let go.
 */
bool statement_read_page(struct link *link, const struct question *question, struct rows *rows);

#endif
