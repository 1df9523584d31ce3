# SPDX-License-Identifier: Apache-2.0
"""A web server over a folder, in the test's own process."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def web_server(folder):
    """Its address, while it lasts."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, directory=str(folder), **named)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
