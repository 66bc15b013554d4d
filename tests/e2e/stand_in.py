#!/usr/bin/python3
"""Stands in for the responder: speaks FastCGI, and does what the query asks for.

    ?status=404&type=text/csv&size=3000    answers so, with a body of that many bytes
    ?act=die, ?act=hang, ?act=garbage      ends, waits until the web server gives up, or sends what is no answer
"""

import contextlib
import os
import socket
import struct
import sys
import urllib.parse

END_REQUEST, PARAMS, STDIN, STDOUT = 3, 4, 5, 6
HEADER = struct.Struct(">BBHHBx")


def records(stream):
    """Types and contents, to the end of the request."""
    while head := stream.read(HEADER.size):
        _, kind, _, length, padding = HEADER.unpack(head)
        content = stream.read(length + padding)[:length]
        yield kind, content
        if kind == STDIN and not content:
            return


def variables(data):
    """The pairs of FCGI_PARAMS; a length of 128 or more has four bytes."""
    found = {}
    while data:
        lengths = []
        for _ in range(2):
            wide = data[0] >> 7
            lengths.append(struct.unpack(">I", data[:4])[0] & 0x7FFFFFFF if wide else data[0])
            data = data[4 if wide else 1:]
        end = sum(lengths)
        found[data[:lengths[0]].decode()] = data[lengths[0]:end].decode("latin-1")
        data = data[end:]
    return found


def answer(query, stream):
    acts = {"die": lambda: os._exit(1),
            "hang": lambda: stream.read(1),  # until the web server closes
            "garbage": lambda: b"no header\r\n\r\n"}
    if "act" in query:
        print("stand-in: act", query["act"], file=sys.stderr, flush=True)
        return acts[query["act"]]()
    body = (b"0123456789abcde\n" * (int(query.get("size", 10)) // 16 + 1))[:int(query.get("size", 10))]
    return (f"Status: {query.get('status', 200)} Word\r\nContent-Type: {query.get('type', 'application/json')}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def main():
    listener = socket.socket(fileno=0)
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as stream:
            request = list(records(stream))
            named = variables(b"".join(content for kind, content in request if kind == PARAMS))
            query = dict(urllib.parse.parse_qsl(named["REQUEST_URI"].partition("?")[2]))
            output = answer(query, stream)
            if not output:
                continue
            for start in range(0, len(output), 65535):
                part = output[start:start + 65535]
                stream.write(HEADER.pack(1, STDOUT, 1, len(part), 0) + part)
            stream.write(HEADER.pack(1, STDOUT, 1, 0, 0) + HEADER.pack(1, END_REQUEST, 1, 8, 0) + bytes(8))


main()
