#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "clock.h"
#include "config.h"
#include "database.h"
#include "fastcgi.h"
#include "log.h"
#include "request.h"
#include "response.h"
#include "serve.h"
#include "settings.h"

/* What a process keeps of rendered pages: some five hundred of 30 days, or forty of a year. */
enum { CACHE_BYTES = 2 << 20 };

/* After so long without a request, a process looks whether there is one that it was not told of. */
enum { LOOK_MS = 1000 };

static const int STOP_SIGNALS[] = {SIGTERM, SIGUSR1, SIGINT};

enum { STOP_SIGNAL_COUNT = sizeof(STOP_SIGNALS) / sizeof(STOP_SIGNALS[0]) };

/* Set by the handler; a handler has no other way to speak. */
static volatile sig_atomic_t stopping;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

/*
 * Makes SIGTERM, SIGUSR1 and SIGINT end the process between two requests, never in one: they stay blocked
 * except while accept_request() waits. open_mask gets the mask to wait with. To be called before libfcgi
 * installs handlers, which would take a signal in and forget it: a pool that restarts would wait for its end.
 */
static void block_signals(sigset_t *open_mask)
{
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++)
        sigaddset(&blocked, STOP_SIGNALS[i]);
    sigprocmask(SIG_BLOCK, &blocked, open_mask);
    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++)
        sigdelset(open_mask, STOP_SIGNALS[i]);
}

/* In the place of the handlers that libfcgi has installed by now. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++)
        sigaction(STOP_SIGNALS[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* The wait delivers no signal when a request is there already: one stays pending. */
static bool is_told_to_stop(void)
{
    sigset_t pending;

    sigpending(&pending);
    for (size_t i = 0; i < STOP_SIGNAL_COUNT; i++)
        stopping |= sigismember(&pending, STOP_SIGNALS[i]) == 1;
    return stopping;
}

/*
 * What waits for a request, or -1 after a log line. Of the processes that wait on one socket, a request
 * wakes one and not all of them (EPOLLEXCLUSIVE, epoll_ctl(2)).
 */
static int open_wait(void)
{
    struct epoll_event request = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    const int wait = epoll_create1(EPOLL_CLOEXEC);

    if (wait >= 0 && epoll_ctl(wait, EPOLL_CTL_ADD, STDIN_FILENO, &request) == 0)
        return wait;
    log_error("epoll: %s", strerror(errno));
    if (wait >= 0)
        close(wait);
    return -1;
}

/*
 * Waits for a request; false when it is time to stop. The wait lets a signal in at no other moment. It ends
 * by itself after a while, as the process that was woken for a request may have died before it took it. The
 * socket does not block, so whoever comes late, or for nothing, goes back to the wait.
 */
static bool accept_request(struct fastcgi *fastcgi, int wait, const sigset_t *open_mask,
                           char *const **environment)
{
    struct epoll_event request;

    while (!is_told_to_stop()) {
        if (epoll_pwait(wait, &request, 1, LOOK_MS, open_mask) < 0) {
            if (errno == EINTR)
                continue;
            log_error("epoll_pwait: %s", strerror(errno));
            return false;
        }
        switch (fastcgi_accept(fastcgi, environment)) {
        case ACCEPTED_REQUEST: return true;
        case ACCEPTED_NOTHING: break;
        case ACCEPTED_FAULT: return false;
        }
    }
    return false;
}

static bool write_file(void *to, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, to) == length;
}

/* The answer to a request, until it has been sent. */
struct exchange {
    struct request request;
    struct response response;
};

static void answer(const struct service *service, char *const *environment, struct exchange *exchange)
{
    *exchange = (struct exchange){0};
    const bool is_read = request_read(&exchange->request, environment);
    request_id_take(service->request_ids, exchange->request.request_id,
                    exchange->response.observation.request_id);
    if (is_read) {
        serve(service, &exchange->request, &exchange->response);
    } else {
        log_error("out of memory");
        exchange->response.answer = ANSWER_FAULT;
    }
}

/* Whoever watches is told when the answer has been taken, so that a client waits for none of it. */
static void observe(const struct service *service, struct exchange *exchange, int64_t began_us)
{
    exchange->response.observation.duration_us = clock_us() - began_us;
    metrics_count(service->metrics, &exchange->response);
    access_log_write(service->access_log, &exchange->request, &exchange->response);
}

static void end(struct exchange *exchange)
{
    response_free(&exchange->response);
    request_free(&exchange->request);
}

/*
 * Begins a session, which is a scheduling group where autogroups are on (sched(7)), as each PostgreSQL
 * backend begins one. In the web server's session all responders together would get no more of a busy
 * processor than one backend. It fails for a process that leads its group; one that spawn-fcgi starts has a
 * session by then.
 */
static void leave_session(void)
{
    (void)setsid();
}

static int run_fcgi(const struct service *service, int timeout_ms, const sigset_t *open_mask)
{
    struct fastcgi *fastcgi = fastcgi_open(timeout_ms);
    char *const *environment;

    if (fastcgi == NULL)
        return EXIT_FAILURE;
    const int wait = open_wait();
    catch_signals();
    leave_session();
    if (service->duty == DUTY_API)
        metrics_count_start(service->metrics);
    while (wait >= 0 && accept_request(fastcgi, wait, open_mask, &environment)) {
        struct exchange exchange;
        const int64_t began_us = clock_us();
        answer(service, environment, &exchange);
        fastcgi_begin_answer(fastcgi);
        response_send(&exchange.response, &(struct sink){fastcgi_write, fastcgi});
        fastcgi_finish(fastcgi);
        observe(service, &exchange, began_us);
        end(&exchange);
    }
    if (wait >= 0)
        close(wait);
    fastcgi_close(fastcgi);
    return stopping ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_cgi(const struct service *service)
{
    struct exchange exchange;
    const int64_t began_us = clock_us();

    answer(service, environ, &exchange);
    bool sent = response_send(&exchange.response, &(struct sink){write_file, stdout}) && fflush(stdout) == 0;
    observe(service, &exchange, began_us);
    end(&exchange);
    return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Called by a person, not by a web server. */
static int run_by_hand(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("daybook.fcgi " PACKAGE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

    bool wants_help = argc == 2 && strcmp(argv[1], "--help") == 0;
    FILE *out = wants_help ? stdout : stderr;
    fprintf(out, "daybook.fcgi is a FastCGI responder (and a plain CGI program): a web server starts it.\n"
                 "See daybook.fcgi(8). Settings, from the environment:\n\n");
    settings_print_help(out);
    return wants_help ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct settings settings;
    sigset_t open_mask;

    block_signals(&open_mask);
    /* A CGI program's arguments are the client's: a query without '=' (RFC 3875 section 4.4). */
    bool is_cgi = !fastcgi_is_spoken();
    if (is_cgi)
        sigprocmask(SIG_SETMASK, &open_mask, NULL);
    if (is_cgi && getenv("REQUEST_METHOD") == NULL)
        return run_by_hand(argc, argv);

    if (!settings_read(&settings, stderr))
        return EXIT_FAILURE;
    log_open("daybook.fcgi", settings.log);

    struct request_ids request_ids;
    request_ids_begin(&request_ids);
    struct service service = {.database = database_open(&settings.database),
                              .cache = cache_open(CACHE_BYTES),
                              .request_ids = &request_ids,
                              .access_log = access_log_open(settings.access_log),
                              .duty = settings.serves,
                              .metrics = metrics_open(settings.metrics),
                              .metrics_path = settings.metrics,
                              .started_at = time(NULL),
                              .public_url = settings.public_url,
                              .origins = settings.origins};
    int status = EXIT_FAILURE;
    if (service.database == NULL || service.cache == NULL || service.access_log == NULL ||
        service.metrics == NULL)
        log_error("out of memory");
    else if (settings.serves == DUTY_API || (service.watch = watch_open(settings.database.database)) != NULL)
        status = is_cgi ? run_cgi(&service) : run_fcgi(&service, settings.io_timeout_ms, &open_mask);
    watch_close(service.watch);
    metrics_close(service.metrics);
    access_log_close(service.access_log);
    cache_close(service.cache);
    database_close(service.database);
    return status;
}
