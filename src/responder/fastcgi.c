#include "fastcgi.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "log.h"

enum { LISTEN_SOCKET = 0, NONE = -1, HEADER_LENGTH = 8 }; /* FastCGI hands it over as standard input */

struct fastcgi {
    FCGX_Request request;
    int timeout_ms;
};

/* The connection whose time runs, or NONE. What a handler needs, it can only find here. */
static volatile sig_atomic_t timed = NONE;

/* Set by the handler: that connection's time was over. */
static volatile sig_atomic_t is_over;

/*
 * Ends whatever libfcgi waits for: reading comes to an end, writing fails. A time-out of the socket would not
 * do: it begins again with each byte.
 */
static void shut_down(int signal)
{
    const int saved = errno;

    (void)signal;
    if (timed != NONE) {
        is_over = 1;
        shutdown(timed, SHUT_RDWR);
    }
    errno = saved;
}

/* Whoever started this process may have blocked the signal. */
static void catch_alarm(void)
{
    struct sigaction action = {.sa_handler = shut_down};
    sigset_t alarm;

    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

static void start_time(const struct fastcgi *fastcgi)
{
    const struct itimerval once = {
        .it_value = {fastcgi->timeout_ms / 1000, (suseconds_t)(fastcgi->timeout_ms % 1000) * 1000}};

    is_over = 0;
    timed = fastcgi->request.ipcFd;
    setitimer(ITIMER_REAL, &once, NULL);
}

/* The number of a closed connection may soon be that of another, as to the database: none is timed first. */
static void stop_time(void)
{
    const struct itimerval never = {0};

    timed = NONE;
    setitimer(ITIMER_REAL, &never, NULL);
}

bool fastcgi_is_spoken(void)
{
    /*
     * On closing a connection, libfcgi waits up to 2 s for the web server to close its end: unread input
     * would reset the connection and undo the answer. None is left here, as a request is read to its end.
     */
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 0);
    return !FCGX_IsCGI();
}

/*
 * libfcgi gets no listening socket. Where a connection brings no request, it would accept the next by itself,
 * and wait on that without end; so it comes back with an error.
 */
struct fastcgi *fastcgi_open(int timeout_ms)
{
    struct fastcgi *fastcgi = calloc(1, sizeof(*fastcgi));
    int flags = fcntl(LISTEN_SOCKET, F_GETFL);

    if (fastcgi == NULL || flags < 0 || fcntl(LISTEN_SOCKET, F_SETFL, flags | O_NONBLOCK) < 0 ||
        FCGX_Init() != 0 || FCGX_InitRequest(&fastcgi->request, NONE, 0) != 0) {
        log_error("cannot use the listening socket: %s", strerror(errno));
        free(fastcgi);
        return NULL;
    }
    fastcgi->timeout_ms = timeout_ms;
    catch_alarm();
    return fastcgi;
}

void fastcgi_close(struct fastcgi *fastcgi)
{
    free(fastcgi);
}

/* Whether an address is in a list with commas between, as FastCGI has it. */
static bool is_listed(struct in_addr address, const char *list)
{
    char name[INET_ADDRSTRLEN];

    if (inet_ntop(AF_INET, &address, name, sizeof(name)) == NULL)
        return false;
    const size_t length = strlen(name);
    for (const char *entry = list;; entry++) {
        const size_t entry_length = strcspn(entry, ",");
        if (entry_length == length && strncmp(entry, name, length) == 0)
            return true;
        entry += entry_length;
        if (*entry == '\0')
            return false;
    }
}

/* Does for a connection over TCP what libfcgi does where it accepts; false if it may not connect. */
static bool admit_tcp(int connection, const struct sockaddr_in *peer)
{
    const int on = 1;
    const char *list = getenv("FCGI_WEB_SERVER_ADDRS");

    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return peer->sin_family != AF_INET || list == NULL || *list == '\0' || is_listed(peer->sin_addr, list);
}

/* What accept(2) also says of a connection that has failed meanwhile, which the next may not. */
static bool is_passing(int error)
{
    static const int passing[] = {EAGAIN,    EINTR,    ECONNABORTED, EPROTO,      ECONNRESET,
                                  ETIMEDOUT, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM};

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (passing[i] == error)
            return true;
    }
    return false;
}

static enum accepted take_connection(FCGX_Request *request)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof(peer);

    request->ipcFd = accept4(LISTEN_SOCKET, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    if (request->ipcFd < 0) {
        if (is_passing(errno))
            return ACCEPTED_NOTHING;
        log_error("accept: %s", strerror(errno));
        return ACCEPTED_FAULT;
    }
    if ((peer.ss_family == AF_INET || peer.ss_family == AF_INET6) &&
        !admit_tcp(request->ipcFd, (const struct sockaddr_in *)&peer)) {
        close(request->ipcFd);
        request->ipcFd = NONE;
        return ACCEPTED_NOTHING;
    }
    return ACCEPTED_REQUEST;
}

/* Looks at the header of the first record, which stays to be read; false if none comes. */
static bool peek_header(int connection, unsigned char header[HEADER_LENGTH])
{
    for (;;) {
        ssize_t length = recv(connection, header, HEADER_LENGTH, MSG_PEEK);
        if (length == HEADER_LENGTH)
            return true;
        if (length <= 0 || is_over)
            return false;
        /* Part of it is there, so the socket counts as readable. Only its end is worth waiting for, and time.
         */
        struct pollfd socket = {.fd = connection, .events = POLLRDHUP};
        if (poll(&socket, 1, 10) != 0)
            return false;
    }
}

/*
 * A request begins with its own first record. Of records that concern no request, which have the id 0,
 * libfcgi 2.4 knows one, and overruns a buffer where that asks for four values or more. No web server here
 * sends any.
 */
static bool begins_request(int connection)
{
    unsigned char header[HEADER_LENGTH];

    if (!peek_header(connection, header))
        return false;
    if (header[2] == 0 && header[3] == 0) {
        log_error("the web server has sent a record of FastCGI's management, which is not answered");
        return false;
    }
    return true;
}

/* Reads what the client sent along; false if it has no end. */
static bool drain(FCGX_Stream *in)
{
    char bytes[4096];

    while (FCGX_GetStr(bytes, sizeof(bytes), in) > 0)
        continue;
    return FCGX_GetError(in) == 0;
}

enum accepted fastcgi_accept(struct fastcgi *fastcgi, char *const **environment)
{
    FCGX_Request *request = &fastcgi->request;
    enum accepted accepted = take_connection(request);

    if (accepted != ACCEPTED_REQUEST)
        return accepted;
    start_time(fastcgi);
    /* libfcgi first ends the request before, and would close the connection that it finds. */
    request->keepConnection = 1;
    const bool is_whole = begins_request(request->ipcFd) && FCGX_Accept_r(request) == 0 && drain(request->in);
    if (!is_whole)
        FCGX_Free(request, request->ipcFd != NONE);
    stop_time();
    if (!is_whole && is_over)
        log_error("the web server has sent no whole request in %d ms (DAYBOOK_IO_TIMEOUT_MS)",
                  fastcgi->timeout_ms);
    *environment = request->envp;
    return is_whole ? ACCEPTED_REQUEST : ACCEPTED_NOTHING;
}

void fastcgi_begin_answer(struct fastcgi *fastcgi)
{
    start_time(fastcgi);
}

bool fastcgi_write(void *to, const char *bytes, size_t length)
{
    struct fastcgi *fastcgi = to;

    assert(length <= INT_MAX);
    return FCGX_PutStr(bytes, (int)length, fastcgi->request.out) == (int)length;
}

void fastcgi_finish(struct fastcgi *fastcgi)
{
    FCGX_Finish_r(&fastcgi->request);
    FCGX_Free(&fastcgi->request, fastcgi->request.ipcFd != NONE);
    stop_time();
    if (is_over)
        log_error("the web server has not taken an answer in %d ms (DAYBOOK_IO_TIMEOUT_MS)",
                  fastcgi->timeout_ms);
}
