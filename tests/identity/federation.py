# SPDX-License-Identifier: Apache-2.0
"""A Shibboleth federation of one: Debian's Apache with mod_shib and its shibd, and an institution that vouches for whom
the test likes, by signed SAML assertions."""

import base64
import datetime
import hashlib
import os
import pathlib
import secrets
import subprocess
from xml.sax.saxutils import escape

from servers import Daemon

SHARE = pathlib.Path(__file__).parents[2] / "share" / "synnefo"
MODULES = "mpm_event authn_core authz_core authz_user alias headers ssl proxy proxy_http shib".split()
INSTITUTION = "https://idp.uni.example/idp"

ATTRIBUTES = {"eppn": "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "givenName": "urn:oid:2.5.4.42", "surname": "urn:oid:2.5.4.4",
              "commonName": "urn:oid:2.5.4.3", "displayName": "urn:oid:2.16.840.1.113730.3.1.241",
              "affiliation": "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "mail": "urn:oid:0.9.2342.19200300.100.1.3"}

MAIN = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel info
ServerName 127.0.0.1
{user}
Mutex file:{folder}
Listen 127.0.0.1:{port}
{modules}
<Directory />
  Require all denied
</Directory>
IncludeOptional /etc/apache2/conf-available/shib.conf
Include {folder}/synnefo-ssl
"""

SHIBBOLETH = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
  <OutOfProcess logger="{folder}/console.logger"/>
  <InProcess logger="{folder}/console.logger"/>
  <UnixListener address="{folder}/shibd.sock"/>
  <ApplicationDefaults entityID="https://accounts.example.org/shibboleth" REMOTE_USER="eppn">
    <Sessions lifetime="28800" timeout="3600" checkAddress="false" handlerSSL="true" cookieProps="https"
              redirectLimit="exact">
      <SSO entityID="{institution}">SAML2</SSO>
    </Sessions>
    <MetadataProvider type="XML" validate="false" path="{folder}/institution.xml"/>
    <AttributeExtractor type="XML" validate="true" reloadChanges="false" path="{folder}/shibboleth-attribute-map.xml"/>
    <AttributeFilter type="XML" validate="true" path="/etc/shibboleth/attribute-policy.xml"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="/etc/shibboleth/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" reloadChanges="false" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
"""

LOGGER = """log4j.rootCategory=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%p %c: %m%n
"""

METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{institution}">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <Extensions><shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">uni.example</shibmd:Scope>
    </Extensions>
    <KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{institution}/SSO"/>
  </IDPSSODescriptor>
</EntityDescriptor>
"""


def certificate(folder, name):
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)],
                   check=True, capture_output=True, timeout=120)
    return key, pem


def shipped_site(folder, port, service_port, key, pem, secret_file):
    """share/synnefo/synnefo-ssl with the addresses of this test; each must be there."""
    text = (SHARE / "synnefo-ssl").read_text()
    for old, new, times in [("_default_:443", f"_default_:{port}", 1), ("localhost:8080", f"localhost:{service_port}", 2),
                            ("/etc/ssl/certs/ssl-cert-snakeoil.pem", str(pem), 1),
                            ("/etc/ssl/private/ssl-cert-snakeoil.key", str(key), 1),
                            ("/etc/shibboleth/shibboleth2.xml", f"{folder}/shibboleth2.xml", 1),
                            ("/etc/apache2/synnefo-shibboleth-secret.conf", str(secret_file), 2)]:
        assert text.count(old) == times, old
        text = text.replace(old, new)
    return text


class Shibd(Daemon):
    """The institution's counterpart on the web server's machine. Its folder holds all files of both."""

    def __init__(self):
        super().__init__("shib", "_shibd")
        self.port = self.folder / "shibd.sock"  # it listens there
        self.folder.chmod(0o755)
        self.key, self.pem = certificate(self.folder, "institution")
        body = "".join(line for line in self.pem.read_text().splitlines() if "CERTIFICATE" not in line)
        self.write("institution.xml", METADATA.format(institution=INSTITUTION, certificate=body))
        self.write("console.logger", LOGGER)
        self.write("shibboleth2.xml", SHIBBOLETH.format(folder=self.folder, institution=INSTITUTION))
        self.write("shibboleth-attribute-map.xml", (SHARE / "shibboleth-attribute-map.xml").read_text())
        self.give_folder()

    def start(self):
        self.begin("/usr/sbin/shibd", "-F", "-f", "-c", self.folder / "shibboleth2.xml", "-p", self.folder / "shibd.pid")


class Apache(Daemon):
    def __init__(self, shibd, service_port, secret=None):
        super().__init__("apache")
        self.folder.chmod(0o755)
        self.shibd = shibd
        key, pem = certificate(self.folder, "accounts")
        secret_file = self.folder / "secret.conf"
        if secret:
            secret_file.write_text(f'RequestHeader set X-Shibboleth-Secret "{secret}"\n')
        site = shipped_site(shibd.folder, self.port, service_port, key, pem, secret_file)
        self.write("synnefo-ssl", site)
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
        modules = modules.replace("shib_module", "mod_shib")
        self.write("main.conf", MAIN.format(folder=self.folder, port=self.port, modules=modules,
                                            user="User www-data\nGroup www-data" if os.geteuid() == 0 else ""))

    def check(self):
        return self.run("/usr/sbin/apache2", "-t", "-f", self.folder / "main.conf", check=False)

    def start(self):
        self.begin("/usr/sbin/apache2", "-DFOREGROUND", "-f", self.folder / "main.conf")

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def errors(self):
        path = self.folder / "error.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""


def _instant(seconds=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _attribute(name, values):
    values = [values] if isinstance(values, str) else values
    inside = "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
    return (f'<saml:Attribute Name="{ATTRIBUTES[name]}"'
            f' NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">{inside}</saml:Attribute>')


def assertion(key, consumer, attributes):
    """A signed response in base64. All of it is written in canonical form (exclusive, without comments), so that what is
    hashed is what stands there."""
    ident, subject = "_" + secrets.token_hex(16), "_" + secrets.token_hex(8)
    head = (f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ident}"'
            f' IssueInstant="{_instant()}" Version="2.0"><saml:Issuer>{INSTITUTION}</saml:Issuer>')
    rest = (f'<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">{subject}'
            f'</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{_instant(120)}" Recipient="{consumer}">'
            f'</saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{_instant(-60)}" NotOnOrAfter="{_instant(120)}"><saml:AudienceRestriction>'
            f'<saml:Audience>https://accounts.example.org/shibboleth</saml:Audience></saml:AudienceRestriction>'
            f'</saml:Conditions><saml:AuthnStatement AuthnInstant="{_instant()}" SessionIndex="{ident}">'
            f'<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:'
            f'PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
            f'<saml:AttributeStatement>{"".join(_attribute(*pair) for pair in attributes.items())}'
            f'</saml:AttributeStatement></saml:Assertion>')
    digest = base64.b64encode(hashlib.sha256((head + rest).encode()).digest()).decode()
    c14n, dsig = "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2000/09/xmldsig#"
    info = (f'<ds:SignedInfo xmlns:ds="{dsig}"><ds:CanonicalizationMethod Algorithm="{c14n}">'
            f'</ds:CanonicalizationMethod><ds:SignatureMethod'
            f' Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
            f'<ds:Reference URI="#{ident}"><ds:Transforms><ds:Transform Algorithm="{dsig}enveloped-signature">'
            f'</ds:Transform><ds:Transform Algorithm="{c14n}"></ds:Transform></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f'<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>')
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key)], input=info.encode(), check=True,
                            capture_output=True, timeout=60).stdout
    signature = (f'<ds:Signature xmlns:ds="{dsig}">{info}<ds:SignatureValue>'
                 f'{base64.b64encode(signed).decode()}</ds:SignatureValue></ds:Signature>')
    response = (f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="{consumer}"'
                f' ID="_{secrets.token_hex(16)}" IssueInstant="{_instant()}" Version="2.0">'
                f'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{INSTITUTION}</saml:Issuer>'
                f'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success">'
                f'</samlp:StatusCode></samlp:Status>{head}{signature}{rest}</samlp:Response>')
    return base64.b64encode(response.encode()).decode()


def vouch(browser, apache, **attributes):
    """The institution sends somebody back to Apache, with what it says of him."""
    consumer = f"{apache.url}/Shibboleth.sso/SAML2/POST"
    answer = browser.client.post(consumer, data={"SAMLResponse": assertion(apache.shibd.key, consumer, attributes),
                                                 "RelayState": f"{apache.url}/ui/login/shibboleth"})
    assert answer.status_code == 302, (answer.status_code, answer.text, apache.errors(), apache.shibd.log())
    assert answer.headers["location"] == f"{apache.url}/ui/login/shibboleth", answer.headers
