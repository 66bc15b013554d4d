#ifndef SESSION_H
#define SESSION_H

#include <libpq-fe.h>

/*
 * One statement that sets what Daybook's SQL rests on, for the rest of a session. A session begins with what
 * the role and the database have been given by ALTER ... SET, which whoever has got hold of the role may have
 * changed. It leaves out the time-outs, on which the programs differ.
 */
extern const char SESSION_SQL[];

/*
 * What a notice says if it is a warning, of the server or of libpq itself; otherwise NULL. Until SESSION_SQL
 * has run, the role's defaults may have the server say a lot more. The text is the notice's.
 */
const char *session_warning(const PGresult *notice);

#endif
