# SPDX-License-Identifier: Apache-2.0
"""A space on the stand-in OpenStack, for tests that are about files and words more than about the cloud."""

import base64
import time

from openstack.control_client import PASSWORD, PROJECT, USER

SPACE = "s.example.com"


def configure(factory, cloud, space="", types=("a",), machinetype="", settings=""):
    """One machine of one processor and of each type; `space`, `machinetype` and `settings` are more lines there."""
    password = base64.b64encode(PASSWORD.encode()).decode()
    template = factory.root / "template"
    if not template.exists():
        template.write_text("#!/bin/sh\n")
    factory.conf.write_text(
        f"[settings]\nresponder_port = 0\n{settings}"
        f"[space {SPACE}]\napi = openstack\nurl = {cloud.api}/identity/v3\nusername = {USER}\n"
        f"password_base64 = {password}\nproject_name = {PROJECT}\nregion = RegionOne\nprocessors_limit = 20\n{space}"
        + "".join(f"[machinetype {SPACE} {name}]\nroot_image = image:img\nflavor_names = small\nmax_machines = 1\n"
                  f"backoff_seconds = 0\nfizzle_seconds = 0\ntarget_share = 1\n{machinetype or 'user_data = /template'}\n"
                  for name in types))


def once(factory, *arguments):
    """One cycle; its report. What it could not do fails the test."""
    report = factory.once(*arguments)[SPACE]
    assert not report.get("error"), report
    return report


def folder_of(factory, name, where="current"):
    return factory.lib / f"shared/spaces/{SPACE}" / where / name


def now():
    return int(time.time())
