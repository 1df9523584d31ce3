#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An XML-RPC server of Python's standard library for the tests: answers each call, as oned does, with what it got.

    xmlrpc_server.py FILE      writes its port into FILE, ends when its standard input does

`one.*` answers [true, "<method and parameters as JSON>", 0]; `refuse.*` the same as a failure of oned. HTTP/1.0: it
closes the connection after each answer, like oned.
"""
import json
import os
import sys
import threading
import xmlrpc.server


class Calls:
    def _dispatch(self, method, parameters):
        heard = json.dumps([method, list(parameters)], ensure_ascii=False)
        if method.startswith("refuse."):
            return [False, heard, 2048, 7, -1]
        if method.startswith("raise."):
            raise xmlrpc.client.Fault(-506, f"Method '{method}' not defined")
        return [True, heard, 0]


class Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)


def main():
    server = xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), requestHandler=Handler, logRequests=False)
    server.register_instance(Calls())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
        file.write(f"{server.server_address[1]}\n")
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    sys.stdin.read()


main()
