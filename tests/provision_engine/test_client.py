# SPDX-License-Identifier: Apache-2.0
"""provision-engine-cli is the user guide's http_cli.rb: contract 7.2, row by row."""

import json
import socket
import subprocess

import guide_client
import pytest
from conftest import CLIENT, Endpoint

USAGE = ("CLI HTTP Client Usage:\n"
         "client.rb [get|post|put|delete] <URI> <JSON file path (for POST and PUT only)>\n")
SPEC = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "Function"}, "SCHEDULING": {}, "DEVICE_INFO": {}}}
PRINTED = """Response Code: 201
{
  "SERVERLESS_RUNTIME": {
    "NAME": "Function_1",
    "ID": 1489,
    "FAAS": {
      "FLAVOUR": "Function",
      "ENDPOINT": ""
    },
    "SCHEDULING": {
    },
    "DEVICE_INFO": {
    },
    "SERVICE_ID": 1488
  }
}
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    return path


@pytest.mark.parametrize("words", [[], ["get"], ["fetch", "http://127.0.0.1:1/"], ["POST"], ["1", "2", "3"]])
def test_missing_and_unknown_words_give_two_usage_lines_and_status_0(client, words):
    done = client(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, USAGE, "")


def test_usage_needs_no_credentials(client, home):
    (home / ".provision_engine_auth").unlink()
    assert client().returncode == 0
    assert client("--help").stdout.startswith(USAGE)


@pytest.mark.parametrize("words", [["--fial", "get", "u"], ["get", "u", "--timeout", "0"], ["get", "u", "--timeout"],
                                   ["get", "u", "--timeout=9x"], ["--ca-file"], ["--timeoutx", "3", "get", "u"]])
def test_a_wrong_option_is_no_success(client, words):
    done = client(*words)
    assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("word", ["get", "GET", "Get", "post", "POST", "put", "Put", "delete", "DELETE"])
def test_the_verb_in_any_case(client, endpoint, word):
    assert client(word, endpoint.url + "/x?y=1").returncode == 0
    assert endpoint.last[:2] == (word.upper(), "/x?y=1")


def test_code_first_then_json_indented_as_the_guide_prints_it(client, endpoint, spec):
    body = {"SERVERLESS_RUNTIME": {"NAME": "Function_1", "ID": 1489, "FAAS": {"FLAVOUR": "Function", "ENDPOINT": ""},
                                   "SCHEDULING": {}, "DEVICE_INFO": {}, "SERVICE_ID": 1488}}
    endpoint.answers(201, body)
    done = client("post", endpoint.url + "/serverless-runtimes", spec)
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")
    verb, path, headers, sent = endpoint.last
    assert (verb, path, headers["Content-Type"]) == ("POST", "/serverless-runtimes", "application/json")
    assert json.loads(sent) == SPEC


def test_a_plain_string_is_json_too(client, endpoint):
    endpoint.answers(200, "1.3.3")
    assert client("get", endpoint.url + "/server/version").stdout == 'Response Code: 200\n"1.3.3"\n'


def test_204_prints_the_code_alone(client, endpoint):
    endpoint.answers(204)
    done = client("delete", endpoint.url + "/serverless-runtimes/3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Response Code: 204\n", "")


@pytest.mark.parametrize("word", ["post", "put"])
def test_without_a_file_null_is_sent(client, endpoint, word):
    assert client(word, endpoint.url).returncode == 0
    assert endpoint.last[3] == b"null"


@pytest.mark.parametrize("word", ["get", "delete"])
def test_a_file_is_for_post_and_put_only(client, endpoint, word):
    assert client(word, endpoint.url, "/nowhere.json").returncode == 0
    assert endpoint.last[3] == b"" and "Content-Type" not in endpoint.last[2]


@pytest.mark.parametrize("text", [None, "{bad", "", '{"a": 1} x'])
def test_a_file_that_is_no_json_is_named(client, endpoint, tmp_path, text):
    path = tmp_path / "my spec.json"
    if text is not None:
        path.write_text(text)
    done = client("post", endpoint.url, path)
    assert done.returncode == 1 and done.stdout == f"Failed to read or parse JSON from file: {path}\n"
    assert len(done.stderr.splitlines()) == 1 and endpoint.requests == []


def test_a_directory_is_no_file(client, endpoint, tmp_path):
    done = client("put", endpoint.url, tmp_path)
    assert done.returncode == 1 and done.stdout.startswith("Failed to read or parse JSON from file: ")


def test_numbers_are_sent_as_they_were_written(client, endpoint, tmp_path):
    path = tmp_path / "n.json"
    path.write_text('{"a": 0.360587, "b": 1.0, "c": 12345678901234567890, "d": "\\u00e9 é"}')
    client("put", endpoint.url, path)
    assert endpoint.last[3].startswith(b'{"a":0.360587,"b":1.0,"c":12345678901234567890,')
    assert json.loads(endpoint.last[3])["d"] == "é é"


@pytest.mark.parametrize("status", [400, 401, 404, 422, 423, 500, 504])
def test_an_http_error_is_printed_and_is_no_failure_of_the_client(client, endpoint, status):
    endpoint.answers(status, {"error": "Serverless Runtime not found", "message": ""})
    done = client("get", endpoint.url)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == (f'Response Code: {status}\n{{\n  "error": "Serverless Runtime not found",\n'
                           '  "message": ""\n}\n')


def test_with_fail_it_is_one(client, endpoint):
    for status, code in ((200, 0), (201, 0), (204, 0), (301, 22), (404, 22), (500, 22)):
        endpoint.answers(status, {})
        for words in (["--fail", "get", endpoint.url], ["get", endpoint.url, "--fail"]):
            done = client(*words)
            assert (done.returncode, done.stdout.splitlines()[0]) == (code, f"Response Code: {status}")


@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b'{"a":', b"\xff\xfe"])
def test_what_is_no_json_is_an_error_behind_the_code(client, endpoint, body):
    endpoint.answers(502, body, "text/html")
    done = client("get", endpoint.url)
    assert done.returncode == 1 and done.stdout == "Response Code: 502\n"
    assert done.stderr.startswith("provision-engine-cli: the answer is no JSON") and len(done.stderr.splitlines()) == 1


def test_a_refused_connection_is_one_line(client):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        done = client("get", f"http://127.0.0.1:{probe.getsockname()[1]}/x")
    assert done.returncode == 1 and done.stdout == ""
    assert "does not accept connections" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "no url", "http://user:secret-word@127.0.0.1/", "127.0.0.1:1337"])
def test_what_is_no_url_of_ours_is_one_line_without_its_password(client, url):
    done = client("get", url)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "secret-word" not in done.stderr


def test_an_answer_that_never_comes_ends_at_the_time_limit(client):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        done = client("--timeout", "1", "get", f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert done.returncode == 1 and "did not answer in time" in done.stderr


# ---- credentials --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, sent", [
    ("ada:lovelace", "ada:lovelace"),
    ("ada:lovelace\n", "ada:lovelace"),
    ("ada:lovelace\r\n", "ada:lovelace"),
    ("\n# mine\nada:lovelace\n\n", "ada:lovelace"),
    ("--- ada:no\n", "--- ada:no"),
    ("---\nada:lovelace\n", "ada:lovelace"),
    ('"ada:lovelace"\n', "ada:lovelace"),
    ("'ada:love''lace'\n", "ada:love'lace"),
    ('"ada: love\\"lace "\n', 'ada: love"lace '),
    ("ada:b:o%b&é\"\n", "ada:b:o%b&é\""),
    ("ada:\n", "ada:"),
    ("ada:with # inside", "ada:with # inside"),
])
def test_credentials_come_from_the_home_directory(client, endpoint, home, text, sent):
    (home / ".provision_engine_auth").write_text(text)
    done = client("get", endpoint.url)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert endpoint.credentials() == sent.encode()


@pytest.mark.parametrize("text", ["", "\n\n", "secretword\n", "ada: secretword\n", ":secretword", "ada:secretword\nx:y\n"])
def test_credentials_in_another_form_are_refused_and_not_shown(client, endpoint, home, text):
    (home / ".provision_engine_auth").write_text(text)
    done = client("get", endpoint.url)
    assert done.returncode == 1 and done.stdout == "" and endpoint.requests == []
    assert ".provision_engine_auth" in done.stderr and "secretword" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_credentials_nothing_is_asked_not_even_public_routes(client, endpoint, home):
    (home / ".provision_engine_auth").unlink()
    done = client("get", endpoint.url + "/server/version")
    assert done.returncode == 1 and endpoint.requests == []
    assert "user:password" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("mode, warned", [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True)])
def test_a_password_that_others_can_read_is_warned_about(client, endpoint, home, mode, warned):
    (home / ".provision_engine_auth").chmod(mode)
    done = client("get", endpoint.url)
    assert done.returncode == 0 and ("chmod 600" in done.stderr) == warned and "lovelace" not in done.stderr


def test_the_password_stands_in_no_process_list(client, home):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(20)
        process = subprocess.Popen([CLIENT, "get", f"http://127.0.0.1:{silent.getsockname()[1]}/"],
                                   env={"HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            silent.accept()[0].close()
            for part in ("cmdline", "environ"):
                with open(f"/proc/{process.pid}/{part}", "rb") as shown:
                    assert b"lovelace" not in shown.read()
        finally:
            process.kill()
            process.wait()


# ---- TLS ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], cwd=folder, check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "ca.pem").read_text() + (folder / "key.pem").read_text())
    return folder


def test_https_is_spoken_and_its_certificate_verified(client, certificate):
    endpoint = Endpoint(certificate / "both.pem")
    try:
        trusted = client("--ca-file", certificate / "ca.pem", "get", endpoint.url + "/x")
        assert (trusted.returncode, trusted.stdout) == (0, "Response Code: 200\n{\n}\n"), trusted.stderr
        asked = len(endpoint.requests)
        unknown = client("get", endpoint.url + "/x")
        assert unknown.returncode == 1 and "certificate that is not trusted" in unknown.stderr
        other_name = client(f"--ca-file={certificate / 'ca.pem'}", "get", endpoint.url.replace("localhost", "127.0.0.1"))
        assert other_name.returncode == 1 and other_name.stdout == ""
        assert len(endpoint.requests) == asked
    finally:
        endpoint.close()


# ---- the guide's command lines --------------------------------------------------------------------------------------

@pytest.fixture
def checkout(tmp_path):
    """A fresh clone whose programs are built."""
    return guide_client.clone(tmp_path / "clone")


@pytest.mark.parametrize("line", [
    "./http_cli.rb post http://localhost:1337/serverless-runtimes ../../tests/templates/sr_faas_minimal.json",
    "./http_cli.rb post http://localhost:1337/serverless-runtimes ../../tests/templates/sr_daas_capacity.json",
    "./http_cli.rb get http://localhost:1337/serverless-runtimes/1491",
    "./http_cli.rb put http://localhost:1337/serverless-runtimes/501 ../../tests/templates/sr_faas_capacity.json",
    "./client.rb post http://localhost:1337/serverless-runtimes runtime_spec.json",
])
def test_the_guides_lines_run_from_the_guides_folder(checkout, client, endpoint, line):
    folder = checkout / "src" / "client"
    words = line.replace("http://localhost:1337", endpoint.url).split()
    done = client(*words[1:], program=words[0], cwd=folder)
    assert done.returncode == 0 and done.stdout.startswith("Response Code: 200\n"), done.stderr
    if len(words) > 3:
        assert json.loads(endpoint.last[3]) == json.loads((folder / words[3]).read_text())


def test_they_run_by_another_name_and_from_another_folder(checkout, client, endpoint, tmp_path):
    (tmp_path / "link").symlink_to(checkout / "src" / "client" / "http_cli.rb")
    assert client("get", endpoint.url, program=tmp_path / "link", cwd="/").returncode == 0


def test_before_the_build_they_say_how_to_build(checkout, client):
    (checkout / "bin" / "provision-engine-cli").unlink()
    done = client("get", "http://127.0.0.1:1/", program=checkout / "src" / "client" / "client.rb")
    assert done.returncode == 1 and "install.sh" in done.stderr and done.stdout == ""
