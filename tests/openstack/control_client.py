# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops a stand-in from pytest:

    with StandIn() as cloud:
        cloud.fault("http", server="compute", method="GET /v2.1/servers/detail", status=500, count=1)
        ...
        assert cloud.troubles() == []
"""

import pathlib

from standin import control_client

from . import world

USER, PASSWORD, PROJECT = world.USER, world.PASSWORD, world.PROJECT


class StandIn(control_client.StandIn):
    """Knobs, faults and journal are those of every stand-in; `api` is the URL below which the services are."""

    folder = pathlib.Path(__file__).resolve().parent
    api = ""

    def world(self):
        """What there is: servers, keypairs, images, networks, volumes, projects."""
        return self._ask("GET", "/world")

    def add_servers(self, count=1, **more):
        return self._ask("POST", "/servers", {"count": count, **more})["ids"]

    def change_server(self, number, **changes):
        return self._ask("POST", f"/servers/{number}", changes)

    def add_images(self, name, **more):
        return self._ask("POST", "/images", {"name": name, **more})["ids"]

    def change_image(self, number, **changes):
        self._ask("POST", f"/images/{number}", changes)

    def expire(self):
        self._ask("POST", "/expire")
