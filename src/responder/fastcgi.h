#ifndef FASTCGI_H
#define FASTCGI_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The web server at the other end of a FastCGI connection. No other file knows libfcgi, which waits on a
 * connection for as long as the web server pleases. Here each wait has an end: for the whole of a request,
 * and again for the whole of an answer. A connection that outlasts it is shut down, after a line in the log.
 */
struct fastcgi;

enum accepted {
    ACCEPTED_REQUEST,
    ACCEPTED_NOTHING, /* another process was faster, or what came was no request: wait for the next */
    ACCEPTED_FAULT    /* the listening socket fails, which has been logged */
};

/* Whether standard input is a listening socket, as FastCGI has it. If not, this is a plain CGI program. */
bool fastcgi_is_spoken(void);

/* Makes the listening socket one that does not block. NULL, after a line in the log, if it cannot be used. */
struct fastcgi *fastcgi_open(int timeout_ms);

/* NULL is none. */
void fastcgi_close(struct fastcgi *fastcgi);

/*
 * Takes a connection and reads the request, the body too, which is thrown away: nothing may be left that the
 * web server cannot deliver. *environment has the request's variables, "NAME=value" and a NULL, until
 * fastcgi_finish(). Waits for no connection.
 */
enum accepted fastcgi_accept(struct fastcgi *fastcgi, char *const **environment);

/* Gives the web server so much time from now on to take the answer that fastcgi_write() puts. */
void fastcgi_begin_answer(struct fastcgi *fastcgi);

/* The function of a sink; to is a struct fastcgi. */
bool fastcgi_write(void *to, const char *bytes, size_t length);

/*
 * Sends the rest of the answer and closes the connection, also one that the web server would keep open:
 * nobody would wait on it.
 */
void fastcgi_finish(struct fastcgi *fastcgi);

#endif
