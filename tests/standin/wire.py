# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 server on asyncio's protocols: cheap per request, every byte of an answer under control.

Handlers are plain functions: handle(exchange) is called with a whole request and finishes it, now or later.
"""

import asyncio
import email.utils
import json
import socket
import struct
import time
import urllib.parse

MAX_HEAD, MAX_BODY = 64 * 1024, 64 * 1024 * 1024

REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 411: "Length Required", 413: "Payload Too Large",
           422: "Unprocessable Entity", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
           500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
           504: "Gateway Timeout"}

_date = (0, b"")


def date():
    """The Date header's value, made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, email.utils.formatdate(now, usegmt=True).encode())
    return _date[1]


def answer(status, headers, body):
    """The bytes of an answer; Content-Length is among the headers given."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def once_each(pairs):
    """A dictionary of names and values; ValueError when a name comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A parameter is given twice")
    return found


def query_of(exchange):
    return once_each(urllib.parse.parse_qsl(exchange.query, keep_blank_values=True))


def json_of(exchange):
    """None for a body that is none, or says that it is something else."""
    if not exchange.body or not exchange.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return json.loads(exchange.body)
    except ValueError:
        return None


class Exchange:
    """One request on its way to an answer."""

    __slots__ = ("connection", "method", "target", "path", "query", "headers", "body", "keep", "gone", "after",
                 "began")

    def __init__(self, connection, method, target, headers):
        self.connection = connection
        self.method, self.target, self.headers = method, target, headers
        self.path, _, self.query = target.partition("?")
        self.body = b""
        self.keep = headers.get("connection", "").lower() != "close"
        self.began = connection.began
        self.gone = False   # the client has hung up
        self.after = None   # called once when the exchange is over: after(sent_whole)

    def finish(self, data, close=False):
        """Sends the answer's bytes and ends the exchange."""
        if not self.gone:
            self.connection.transport.write(data)
        self._over(not self.gone, close or not self.keep)

    def send(self, data):
        """A part of an answer; finish() follows."""
        if not self.gone:
            self.connection.transport.write(data)

    def drop(self, reset=False):
        """Ends the exchange and the connection without more bytes. With reset: RST, nothing pending is sent."""
        self.keep = False
        if reset and not self.gone:
            # No lingering: the kernel sends RST.
            self.connection.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.transport.abort()
        self._over(False, True)

    def _over(self, sent, close):
        after, self.after = self.after, None
        if after:
            after(sent)
        self.connection.finished(self, close)


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server = server
        self.transport = None
        self.buffer = b""
        self.current = None     # the exchange that is being answered
        self.pending = None     # the one whose body is still coming, and its length (None: chunked)
        self.length = 0
        self.began = time.time()  # when the present request did: with its first byte, the first one with the connection

    def connection_made(self, transport):
        self.transport = transport
        self.server.connections.add(self)

    def connection_lost(self, _error):
        self.server.connections.discard(self)
        current, self.current = self.current, None
        if current:
            current.gone = True
            after, current.after = current.after, None
            if after:
                after(False)

    def data_received(self, data):
        if not self.buffer and self.pending is None:
            self.began = self.began or time.time()
        self.buffer = self.buffer + data if self.buffer else data
        self.advance()

    def advance(self):
        while self.current is None and self.buffer:
            if self.pending is None and not self._head():
                return
            if not self._body():
                return
            exchange, self.pending = self.pending, None
            self.current = exchange
            self.server.handle(exchange)

    def finished(self, exchange, close):
        if self.current is exchange:
            self.current = None
        self.began = time.time() if self.buffer else None
        if close:
            self.buffer = b""
            self.transport.close()
        elif self.buffer:
            # Not from here: a chain of requests must not become a chain of calls.
            asyncio.get_running_loop().call_soon(self.advance)

    def refuse(self, status):
        body = f"{status} {REASONS[status]}\n".encode()
        self.transport.write(answer(status, [("Content-Type", "text/plain"), ("Content-Length", len(body)),
                                             ("Connection", "close")], body))
        self.buffer = b""
        self.transport.close()
        return False

    def _head(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return self.refuse(431) if len(self.buffer) > MAX_HEAD else False
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        self.buffer = self.buffer[end + 4:]
        parts = lines[0].split(" ")
        if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
            return self.refuse(400)
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                return self.refuse(400)
            name, value = name.lower(), value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        target = parts[1]
        if target.startswith(("http://", "https://")):
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        exchange = Exchange(self, parts[0], target, headers)
        if parts[2] == "HTTP/1.0" and headers.get("connection", "").lower() != "keep-alive":
            exchange.keep = False
        return self._length(exchange)

    def _length(self, exchange):
        headers = exchange.headers
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
                return self.refuse(400)
            self.length = None
        else:
            length = headers.get("content-length", "0")
            if not (length.isascii() and length.isdigit()):
                return self.refuse(400)
            self.length = int(length)
            if self.length > MAX_BODY:
                return self.refuse(413)
        self.pending = exchange
        if headers.get("expect", "").lower() == "100-continue" and not self.buffer:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _body(self):
        if self.length is None:
            return self._chunks()
        if len(self.buffer) < self.length:
            return False
        if self.length:
            self.pending.body = self.buffer[:self.length]
            self.buffer = self.buffer[self.length:]
        return True

    def _chunks(self):
        parts, at = [], 0
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                return False
            try:
                size = int(self.buffer[at:end].split(b";")[0], 16)
            except ValueError:
                return self.refuse(400)
            if size > MAX_BODY or end > 2 * MAX_BODY:
                return self.refuse(413)
            if len(self.buffer) < end + 2 + size + 2:
                return False
            parts.append(self.buffer[end + 2:end + 2 + size])
            at = end + 2 + size + 2
            if size == 0:
                break
        self.pending.body = b"".join(parts)
        self.buffer = self.buffer[at:]
        return True


class Server:
    """One listening port. It can be closed and opened again on the same port: a refused connection is a fault too."""

    def __init__(self, handle, address, port, tls=None):
        self.handle, self.address, self.port, self.tls = handle, address, port, tls
        self.connections = set()
        self.listener = None

    async def listen(self):
        if self.listener:
            return
        loop = asyncio.get_running_loop()
        self.listener = await loop.create_server(lambda: Connection(self), self.address, self.port, ssl=self.tls,
                                                 backlog=4096, reuse_address=True)
        self.port = self.listener.sockets[0].getsockname()[1]

    def deafen(self):
        """Nobody can connect any more; who is connected is cut off."""
        if self.listener:
            self.listener.close()
            self.listener = None
        for connection in list(self.connections):
            connection.transport.abort()
