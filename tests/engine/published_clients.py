# SPDX-License-Identifier: Apache-2.0
"""The published callers of the engine, as they behave on the wire: what they send, in which order, what they can read
and when they give up. Written from their releases, in our own words; the guide says which were looked at.

- PythonRuntime: the device runtime for Python, on requests and pydantic 1 as that one is
- CRuntime: the device runtime for C, on libcurl (here: curl) and a reader that knows each member by its first name
- Orchestrator: who places machines; it reads them from oned as an administrator
"""

import enum
import ipaddress
import json
import subprocess
import xml.etree.ElementTree
import xmlrpc.client
from typing import Optional, Union

import pydantic
import requests

PATIENCE = 60  # seconds, both runtimes, for each request
ITEMS = "serverless-runtimes"
# The runtimes that speak with the engine; later ones speak with a frontend of their own.
RELEASES = ("1.0.0", "release-cognit-1.0")
# What a library that asks "where am I" answers, turned into text.
PLACE = str({"ip": "203.0.113.7", "city": "Bilbao", "region": "País Vasco", "loc": "43.2627,-2.9253",
             "org": 'AS1 "X"'})


# --- Python -----------------------------------------------------------------------------------------------------------

class State(str, enum.Enum):
    PENDING = "PENDING"
    UPDATING = "UPDATING"
    RUNNING = "RUNNING"
    NONE = ""


class FirstState(str, enum.Enum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    NONE = ""


def _model(release):
    """What can be read, and with that what is sent: another type or STATE is no answer at all."""
    first = release == "1.0.0"
    anything = pydantic.create_model("Anything")
    function = pydantic.create_model(
        "Function", CPU=(int, 1), MEMORY=(int, 768), DISK_SIZE=(int, 3072), FLAVOUR=(str, "Nature"), ENDPOINT=(str, ""),
        STATE=(Optional[FirstState if first else State], None), VM_ID=(Optional[str], None))
    scheduling = pydantic.create_model("Scheduling", **{"POLICY" if first else "REQUIREMENTS": (Optional[str], "")})
    device = pydantic.create_model("Device", LATENCY_TO_PE=(float, 0.0), GEOGRAPHIC_LOCATION=(Optional[str], ""))
    runtime = pydantic.create_model(
        "Runtime", NAME=(Optional[str], None), ID=(Optional[Union[int, anything]], None), FAAS=(function, ...),
        DAAS=(Optional[anything], None), SCHEDULING=(Optional[Union[scheduling, anything]], None),
        DEVICE_INFO=(Optional[Union[device, anything]], None))
    return pydantic.create_model("Answer", SERVERLESS_RUNTIME=(runtime, ...))


def _without_none(value):
    if not isinstance(value, dict):
        return value
    return {name: _without_none(inner) for name, inner in value.items() if inner is not None}


class PythonRuntime:
    """Begins with the latency probe, which must be answered by somebody, whatever he says."""

    def __init__(self, port, user, release=RELEASES[-1], probe_port=None, guest_port=8000, host="127.0.0.1"):
        self.release, self.guest_port = release, guest_port
        self.model = _model(release)
        self.auth = user  # text: requests makes Latin-1 of it
        self.url = f"http://{host}:{port}/{ITEMS}"
        # The first release probed the engine's own port, the second port 80: tests say which that is here.
        self.probe_url = f"http://{host}:{port if probe_port is None else probe_port}"
        self.instance = None
        self.endpoint = ""
        self.answers = []
        self._probe()

    def _probe(self):
        self.latency = requests.get(self.probe_url, auth=self.auth, timeout=PATIENCE).elapsed.total_seconds()

    def _call(self, verb, expected, path="", wanted=None):
        answer = requests.request(verb, self.url + path, auth=self.auth, timeout=PATIENCE,
                                  **({} if wanted is None else {"json": _without_none(wanted.dict())}))
        self.answers.append(answer)
        if answer.status_code != expected:
            return None
        try:
            return self.model.parse_obj(answer.json()) if expected != 204 else True
        except pydantic.ValidationError:
            return None

    def _wanted(self, name, flavour, policies, place, **more):
        """Policies are (name, requirement or None); one release sends these, the other those."""
        texts = [each[0 if self.release == "1.0.0" else 1] for each in policies]
        member = "POLICY" if self.release == "1.0.0" else "REQUIREMENTS"
        return self.model.parse_obj({"SERVERLESS_RUNTIME": {
            "NAME": name, "FAAS": {"FLAVOUR": flavour},
            "SCHEDULING": {member: None if None in texts else ",".join(texts)},
            "DEVICE_INFO": {"GEOGRAPHIC_LOCATION": place, "LATENCY_TO_PE": self.latency}, **more}})

    def create(self, name="", flavour="nature", policies=(), place=PLACE):
        made = self._call("POST", 201, wanted=self._wanted(name, flavour, policies, place))
        if made is None or made.SERVERLESS_RUNTIME.FAAS.STATE not in ("PENDING", ""):
            return False
        self.instance = made.SERVERLESS_RUNTIME
        return True

    def status(self):
        """None ends the real one: it goes on with an answer that it does not have."""
        seen = self._call("GET", 200, f"/{self.instance.ID}")
        if seen is None:
            return None
        self.instance = seen.SERVERLESS_RUNTIME
        text = self.instance.FAAS.ENDPOINT
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            self.endpoint = text
        else:
            self.endpoint = f"http://{f'[{text}]' if address.version == 6 else text}:{self.guest_port}"
        return self.instance.FAAS.STATE.value

    def update(self, name="", policies=(), place=PLACE):
        assert self.release != "1.0.0", "that one cannot"
        wanted = self._wanted(name, "", policies, place, ID=self.instance.ID)
        self._probe()
        wanted.SERVERLESS_RUNTIME.DEVICE_INFO.LATENCY_TO_PE = self.latency
        seen = self._call("PUT", 200, f"/{self.instance.ID}", wanted)
        if seen is None or seen.SERVERLESS_RUNTIME.FAAS.STATE not in ("UPDATING", "RUNNING", ""):
            return False
        self.instance = seen.SERVERLESS_RUNTIME
        return True

    def delete(self):
        return self._call("DELETE", 204, f"/{self.instance.ID}") is not None


# --- C ----------------------------------------------------------------------------------------------------------------

class Members(list):
    """An object as (name, value) in order, for a reader that takes the first name that fits in any case."""

    def get(self, name):
        return next((value for key, value in self if key.lower() == name.lower()), None)


def _printed(value, depth=1):
    """JSON with tabs, as the C client's library prints it."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    inner = ",\n".join("\t" * depth + json.dumps(name) + ":\t" + _printed(each, depth + 1)
                       for name, each in value.items())
    return "{\n" + inner + "\n" + "\t" * (depth - 1) + "}"


def _quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def curl(verb, url, user, body=None, headers=(), options=()):
    """(status, body, seconds): a new connection each time, no User-Agent, the password on standard input alone."""
    lines = ["silent", f"url = {_quoted(url)}", f"request = {_quoted(verb)}", f"user = {_quoted(':'.join(user))}",
             f"max-time = {PATIENCE}", 'noproxy = "*"', 'write-out = "\\n%{http_code} %{time_total}"', *options]
    lines += [f"header = {_quoted(each)}" for each in (
        "Accept: application/json", "Content-Type: application/json", "charset: utf-8", "User-Agent:", *headers)]
    if body is not None:
        lines.append(f"data-raw = {_quoted(body)}")
    done = subprocess.run(["curl", "-q", "--config", "-"], input="\n".join(lines).encode(), capture_output=True,
                          timeout=PATIENCE + 30)
    text, _, end = done.stdout.rpartition(b"\n")
    status, seconds = end.split()
    return int(status), text, float(seconds)


class CRuntime:
    """It cannot update. Whatever would make the real one write beyond a buffer or read nowhere fails here."""

    def __init__(self, port, user, host="127.0.0.1"):
        self.url, self.user = f"http://{host}:{port}/{ITEMS}", user
        self.id = 0
        self.function = {}

    def sent(self, name, flavour):
        body = {"NAME": name, **({"ID": str(self.id)} if self.id else {}),
                "FAAS": {"CPU": 1, "MEMORY": 768, "DISK_SIZE": 3072, "FLAVOUR": flavour},
                "SCHEDULING": {"POLICY": "ENERGY"}, "DEVICE_INFO": {"GEOGRAPHIC_LOCATION": ""}}
        return _printed({"SERVERLESS_RUNTIME": body})

    def _read(self, text):
        assert len(text) < 30000, "more than its buffer"
        runtime = json.loads(text, object_pairs_hook=Members).get("SERVERLESS_RUNTIME")
        number, name = runtime.get("ID"), runtime.get("NAME")
        if type(number) not in (int, float) or not isinstance(name, str):
            return False
        # With a DAAS it would read the size of its disk as text and crash: an answer has none that nobody asked for.
        assert runtime.get("DAAS") is None
        function, device = runtime.get("FAAS"), runtime.get("DEVICE_INFO")
        for member in ("CPU", "MEMORY", "DISK_SIZE", "VM_ID"):
            assert type(function.get(member)) is int, (member, function)
            self.function[member] = function.get(member)
        for member, room in (("FLAVOUR", 50), ("ENDPOINT", 256), ("STATE", 256)):
            assert len(function.get(member).encode()) < room, member
            self.function[member] = function.get(member)
        assert device is None or len(device.get("GEOGRAPHIC_LOCATION").encode()) < 256
        self.id = number
        return True

    def create(self, name="", flavour="nature", headers=(), options=()):
        status, text, self.seconds = curl("POST", self.url, self.user, self.sent(name, flavour), headers, options)
        self.answer = status, text
        return status == 201 and self._read(text) and self.function["STATE"] == "PENDING"

    def status(self):
        status, text, _ = curl("GET", f"{self.url}/{self.id}", self.user)
        if status != 200 or not self._read(text) or self.function["STATE"] not in ("PENDING", "RUNNING", ""):
            return "error"
        return self.function["STATE"]

    @property
    def guest(self):
        """It always writes brackets: only addresses of IPv6 are of use to it."""
        return f"http://[{self.function['ENDPOINT']}]:8000/v1/faas/execute-sync"

    def delete(self):
        return curl("DELETE", f"{self.url}/{self.id}", self.user)[0] == 204


# --- who places machines ----------------------------------------------------------------------------------------------

class Orchestrator:
    """oned's answers as an administrator, with as few parameters as its library sends."""

    def __init__(self, one, user):
        self.session = ":".join(user)
        self.oned = xmlrpc.client.ServerProxy(one.oned)

    def _xml(self, method, *params):
        good, said, *_ = getattr(self.oned, method)(self.session, *params)
        if not good:
            raise PermissionError(said)
        return xml.etree.ElementTree.fromstring(said)

    def machine(self, number):
        return self._xml("one.vm.info", number)

    def machines(self):
        """Those that are not done: the collector of metrics asks for each of them."""
        return [int(each.findtext("ID")) for each in self._xml("one.vmpool.info", -2, -1, -1, -1)]

    def flavour(self, number):
        """By which machines are grouped; "unknown" for one that has none."""
        return self.machine(number).findtext("USER_TEMPLATE/FLAVOURS") or "unknown"

    def placement_request(self, number, hosts):
        """A machine as OpenNebula's scheduler describes it to the orchestrator, which wants texts, not lists, in
        USER_TEMPLATE and numbers in CAPACITY."""
        machine = self.machine(number)
        attributes = [(each.tag, each.text or "") for each in machine.find("USER_TEMPLATE") if not len(each)]
        assert len(attributes) == len(dict(attributes)), f"twice: {attributes}"
        return {"VMS": [{
            "CAPACITY": {"CPU": float(machine.findtext("TEMPLATE/CPU")),
                         "DISK_SIZE": sum(int(each.findtext("SIZE")) for each in machine.findall("TEMPLATE/DISK")),
                         "MEMORY": int(machine.findtext("TEMPLATE/MEMORY")) * 1024},
            "HOST_IDS": hosts, "ID": number, "STATE": "PENDING", "USER_TEMPLATE": dict(attributes)}]}
