# SPDX-License-Identifier: Apache-2.0
"""The admin guide's deployment as its picture has it: TLS by nginx on the public host, the engine and OpenNebula on
hosts of their own behind it, and the user guide from a device in the Internet."""

import contextlib
import json
import os
import subprocess

import guide_client
import picture
import pytest
from checks import ITEMS, create, created, error_of, nothing_left, put, read, remove, spec, until_state, verify
from guide_client import CLIENT, SOURCE
from opennebula.control_client import ALICE, StandIn
from picture import DEVICE, INSIDE, INSIDE6, NAME, PUBLIC, WITH_PARENT, can_connect
from tls_proxy import Authority
from waiting import PATIENCE, wait_for

FAMILIES, PORTS = ("IPv4", "IPv6"), (443, 1337)
EVERYWHERE = [(family, port) for family in FAMILIES for port in PORTS]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = picture.Deployment(tmp_path_factory.mktemp("deployment"))
    with contextlib.closing(made):
        yield made


@pytest.fixture(scope="module")
def house(place):
    """The stand-in OpenNebula of `one` and `new_engine`, on its host, and so are we."""
    with place.hosts.frontend, StandIn(address=INSIDE.format(2), oned_port=2633, oneflow_port=2474) as standin:
        yield standin


@pytest.fixture
def start_engine(place, new_engine):
    place.names.public(*FAMILIES)

    def start(**conf):
        engine = new_engine({"host": INSIDE.format(4), "port": 1337, **conf}, start=False, wrap=WITH_PARENT)
        engine.port, engine.url = 1337, f"http://{INSIDE.format(4)}:1337"
        return run(engine)

    def run(engine):
        with place.hosts.engine:
            return engine.run()

    start.again = run
    return start


@pytest.fixture
def engine(start_engine):
    return start_engine()


@pytest.fixture
def device(place, engine):
    with place.client() as client:
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """src/client of a clone on the device, the guide's working directory."""
    return guide_client.clone(tmp_path_factory.mktemp("device") / "clone") / "src" / "client"


@pytest.fixture
def client(place, folder, tmp_path):
    """The guide's client on the device, run as the guide writes it; gives (code, body) or the whole outcome."""
    auth = tmp_path / ".provision_engine_auth"
    auth.write_text(":".join(ALICE))
    auth.chmod(0o600)

    def run(line):
        with place.hosts.device:
            return subprocess.run(line.split(), cwd=folder, env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90 * PATIENCE)

    def ask(line):
        done = run(line)
        assert done.returncode == 0 and done.stderr == "", f"{line}: {done.returncode} {done.stdout}{done.stderr}"
        first, _, rest = done.stdout.partition("\n")
        return int(first.removeprefix("Response Code: ")), json.loads(rest) if rest else None

    ask.run = run
    return ask


# --- the user guide, from the Internet --------------------------------------------------------------------------------

SINGLE, DOUBLE, LARGER = "sr_faas_minimal.json", "sr_daas_capacity.json", "sr_faas_capacity.json"


@pytest.fixture(scope="module")
def wanted(folder):
    """The guide's specifications by their names."""
    templates = folder / ".." / ".." / "tests" / "templates"
    return {name: json.loads((templates / name).read_text()) for name in (SINGLE, DOUBLE, LARGER)}


@pytest.mark.parametrize("family, port", EVERYWHERE)
def test_the_user_guide(place, one, engine, client, wanted, family, port):
    place.names.public(family)
    place.hosts.engine.ip("neighbour flush all")
    one.set(boot=0.5)  # long enough to be seen PENDING
    items = f"https://{NAME}:{port}".removesuffix(":443") + ITEMS
    with place.trusted(), place.client(port=port) as other:
        code, schema = client(f"{CLIENT} GET {items}/schema")
        assert code == 200 and schema == json.loads((SOURCE / "share/schemas/serverless_runtime.json").read_text())
        ids = []
        for line in (f"./http_cli.rb post {items} ../../tests/templates/{SINGLE}",
                     f"./http_cli.rb post {items} ../../tests/templates/{DOUBLE}",
                     f"./client.rb post {items} runtime_spec.json"):
            code, body = client(line)
            assert code == 201 and body["SERVERLESS_RUNTIME"]["FAAS"]["STATE"] == "PENDING"
            ids.append(body["SERVERLESS_RUNTIME"]["ID"])
        single, double, _ = ids

        until_state(other, double)
        code, body = client(f"./http_cli.rb get {items}/{double}")
        shown = body["SERVERLESS_RUNTIME"]
        assert code == 200 and (shown["FAAS"]["STATE"], shown["DAAS"]["STATE"]) == ("RUNNING", "RUNNING")
        verify(one, other, wanted[DOUBLE], shown)

        until_state(other, single)
        assert client(f"./http_cli.rb put {items}/{single} ../../tests/templates/{LARGER}")[0] == 200
        verify(one, other, wanted[LARGER], until_state(other, single))

        for number, program in zip(ids, ("./http_cli.rb", "./client.rb", CLIENT)):
            assert client(f"{program} delete {items}/{number}") == (204, None)
            assert client(f"{program} get {items}/{number}")[0] == 404
    nothing_left(one)
    # Placement is OpenNebula's: the engine has not so much as asked for the scheduler's address.
    with place.hosts.engine:
        known = subprocess.run(["ip", "neighbour"], capture_output=True, text=True, check=True).stdout
    assert f"{INSIDE.format(2)} " in known and f"{INSIDE.format(3)} " not in known, known


def test_a_repeated_create_is_one_runtime(one, engine, device):
    answers = [device.post(ITEMS, json=spec(NAME="once"), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201] and answers[0].json() == answers[1].json()
    assert len(one.services()) == 1
    remove(device, answers[0].json()["SERVERLESS_RUNTIME"]["ID"])
    nothing_left(one)


def test_an_answer_of_some_size_arrives_as_the_engine_wrote_it(place, engine, device):
    with place.client(host=place.hosts.router, base=engine.url) as inside:
        direct, through = inside.get("/openapi.json"), device.get("/openapi.json")
    assert through.status_code == 200 and len(through.content) > 10_000
    assert through.content == direct.content and through.headers["Content-Type"] == direct.headers["Content-Type"]


# --- who is believed --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("family, port", EVERYWHERE)
def test_the_certificate_is_the_sites_and_verified(place, one, engine, client, family, port):
    place.names.public(family)
    url = f"https://{{}}:{port}/serverless-runtimes/1"
    unknown = client.run(f"./http_cli.rb get {url.format(NAME)}")
    assert unknown.returncode == 1 and unknown.stdout == "" and "certificate that is not trusted" in unknown.stderr
    believing = f"./http_cli.rb --ca-file {place.authority.certificate} get {url}"
    other = client.run(believing.format("elsewhere.cloud.test"))
    assert other.returncode == 1 and other.stdout == "" and "certificate" in other.stderr
    assert one.calls() == [], "who is not believed is told no password"
    assert client(believing.format(NAME))[0] == 404
    assert one.calls() != []


@pytest.mark.parametrize("family", FAMILIES)
def test_who_asks_cannot_say_that_he_is_somebody_else(place, engine, family):
    place.names.public(family)
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    for host, base, seen in ((place.hosts.device, None, INSIDE.format(1)),
                             (place.hosts.scheduler, engine.url, INSIDE.format(3))):
        with place.client(host=host, base=base) as liar:
            assert liar.get(f"{ITEMS}/1", headers=lies).status_code == 404
        wait_for("its line in api.log", lambda: f"{ITEMS}/1 status=404" in engine.log("api.log")
                 and f"remote={seen} " in engine.log("api.log"))
    assert not [name for name, text in engine.all_logs().items() if "6.6.6.6" in text]
    # The router knows who it was.
    wait_for("its line at the router", lambda: place.nginx.requests()[-1].startswith(f"{DEVICE[family]} "))


# --- what nginx answers by itself -------------------------------------------------------------------------------------

@pytest.mark.parametrize("family, port", EVERYWHERE)
def test_plain_http_is_refused_where_tls_is_spoken(place, one, engine, family, port):
    place.names.public(family)
    with place.client(base=f"http://{NAME}:{port}") as plain:
        body = error_of(plain.post(ITEMS, json=spec()), 400)
    assert "https" in body["error"] and one.calls() == []


def test_what_nginx_refuses_is_refused_in_the_engines_form(one, engine, device):
    error_of(device.post(ITEMS, json=spec(NAME="x" * 3_000_000)), 413)
    error_of(device.post(ITEMS, json=spec(NAME="x" * 1_500_000)), 413)  # the engine's own
    error_of(device.get(f"{ITEMS}/{'9' * 12_000}"), 414)
    error_of(device.get(f"{ITEMS}/1", headers={"X-Long": "x" * 12_000}), 431)
    error_of(device.get(f"{ITEMS}/1", headers={"Host": "no/name"}), 400)
    assert one.calls() == []


def test_the_latency_probe_is_answered_without_the_engine(place, one):
    for family in FAMILIES:
        place.names.public(family)
        with place.client(base=f"http://{NAME}") as probe:
            answer = probe.get("/")
        assert answer.status_code == 200 and answer.json()["name"] == "provision-engine"
    assert one.calls() == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_engine_goes_and_comes_back_behind_the_same_nginx(place, one, start_engine, client, end):
    engine, pid = start_engine(), place.nginx.process.pid
    url = f"./http_cli.rb --ca-file {place.authority.certificate} get https://{NAME}{ITEMS}/1"
    with place.client() as device:
        for _ in range(3):
            assert client(url)[0] == 404  # nginx keeps connections to the engine
        getattr(engine, end)()
        code, body = client(url)
        assert code == 502 and set(body) == {"error", "message"} and "Provision Engine" in body["error"]
        error_of(device.post(ITEMS, json=spec()), 502)
        start_engine.again(engine)
        assert client(url)[0] == 404
        remove(device, create(device)["ID"])
        nothing_left(one)
    assert place.nginx.process.pid == pid and place.nginx.process.poll() is None


# --- what is reached from where ---------------------------------------------------------------------------------------

def test_management_is_the_routers_own(place, engine):
    for address in ("127.0.0.1", "[::1]"):
        with place.client(user=None, host=place.hosts.router, base=f"http://{address}:81") as admin:
            assert "Active connections" in admin.get("/").text
    for host in (place.hosts.device, place.hosts.frontend, place.hosts.scheduler, place.hosts.engine):
        for address in (*PUBLIC.values(), INSIDE.format(1), INSIDE6.format(1)):
            assert can_connect(host, address, 81) is not True, address
    for address in PUBLIC.values():
        assert can_connect(place.hosts.device, address, 81) is ConnectionRefusedError


def test_nothing_but_the_router_is_reached_from_the_internet(place, engine):
    assert can_connect(place.hosts.router, INSIDE.format(4), 1337) is True
    for address, port in ((INSIDE.format(4), 1337), (INSIDE6.format(4), 1337), (INSIDE.format(2), 2633)):
        assert can_connect(place.hosts.device, address, port, 0.5) is not True, address
    # It is the missing way that keeps them apart: with it they meet.
    with place.hosts.forwarding():
        assert can_connect(place.hosts.device, INSIDE.format(4), 1337, 5) is True
    # And the engine is at the one address that its file names.
    assert can_connect(place.hosts.engine, "127.0.0.1", 1337) is ConnectionRefusedError


# --- OpenNebula behind such a proxy -----------------------------------------------------------------------------------

HTTPS = {"one_xmlrpc": "https://one.cloud.test/RPC2", "oneflow_server": "https://flow.cloud.test/"}


@pytest.mark.parametrize("path", ["", "flow", "flow/"])
def test_opennebula_by_https_with_a_name_and_a_path(place, one, start_engine, path):
    # Names that share a port, each with a certificate of its own: the right one comes to who says which he wants.
    seen_before = len(place.nginx.requests())
    start_engine(**HTTPS | {"oneflow_server": HTTPS["oneflow_server"] + path}, ca_file=str(place.authority.certificate))
    with place.client() as device:
        shown = created(device)
        assert put(device, shown["ID"], {**spec()["SERVERLESS_RUNTIME"], "NAME": "by https"}).status_code == 200
        assert read(device, shown["ID"])["NAME"] == "by https"
        remove(device, shown["ID"])
    nothing_left(one)
    requests = place.nginx.requests()[seen_before:]
    flow = f"/{path}/service_template/".replace("//", "/")
    for start, what in ((f"{INSIDE.format(4)} ", '"POST /RPC2 '), (f"{INSIDE6.format(4)} ", f'"POST {flow}')):
        assert [line for line in requests if line.startswith(start) and what in line], (start, what, requests)


def test_opennebula_by_https_with_an_authority_of_the_system(place, one, start_engine):
    with place.trusted():
        start_engine(**HTTPS)
        with place.client() as device:
            remove(device, create(device)["ID"])
        nothing_left(one)  # what is cleaned up behind the answer needs the authority too


@pytest.mark.parametrize("conf", [
    {**HTTPS},
    {**HTTPS, "one_xmlrpc": "https://elsewhere.cloud.test/RPC2", "ca_file": "ours"},
    {**HTTPS, "one_xmlrpc": f"https://{INSIDE.format(1)}/RPC2", "ca_file": "ours"},
    {**HTTPS, "ca_file": "another's"},
], ids=["the system's authorities", "another name", "an address", "another authority"])
def test_an_opennebula_that_cannot_be_verified_is_told_no_password(place, one, start_engine, tmp_path, conf):
    if conf.get("ca_file") == "ours":
        conf = {**conf, "ca_file": str(place.authority.certificate)}
    elif conf.get("ca_file"):
        conf = {**conf, "ca_file": str(Authority(tmp_path / "another").certificate)}
    engine = start_engine(**conf)
    with place.client() as device:
        answer = device.post(ITEMS, json=spec())
        assert "certificate" in error_of(answer, 500)["message"], answer.text
    assert one.calls() == [] and "certificate" in engine.log()
