/*
 * The least a responder can do: a FastCGI program that answers with headers like Daybook's and as many bytes
 * as the query string says. What a web server and libfcgi reach with it, no responder exceeds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

enum { BODY_MAX = 1 << 20 };

static const char HEAD[] = "Status: 200 OK\r\n"
                           "Content-Type: application/json; charset=utf-8\r\n"
                           "Content-Length: %d\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "Cache-Control: private, no-cache\r\nVary: Authorization\r\n"
                           "RateLimit-Policy: \"pat\";q=100;w=60\r\n"
                           "RateLimit: \"pat\";r=99;t=60\r\n"
                           "X-RateLimit-Limit: 100\r\n"
                           "X-RateLimit-Remaining: 99\r\n"
                           "X-RateLimit-Reset: 1893456000\r\n\r\n";

int main(void)
{
    static char body[BODY_MAX];
    FCGX_Request request;

    memset(body, ' ', sizeof(body));
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 0); /* as Daybook does */
    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
        return EXIT_FAILURE;
    while (FCGX_Accept_r(&request) == 0) {
        const char *query = FCGX_GetParam("QUERY_STRING", request.envp);
        int size = query == NULL ? 0 : atoi(query);
        if (size < 0 || size > BODY_MAX)
            size = BODY_MAX;
        FCGX_FPrintF(request.out, HEAD, size);
        FCGX_PutStr(body, size, request.out);
        FCGX_Finish_r(&request);
    }
    return EXIT_SUCCESS;
}
