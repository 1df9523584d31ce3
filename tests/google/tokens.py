# SPDX-License-Identifier: Apache-2.0
"""Who asks, and whether it is he: JWTs are judged by PyJWT over python3-cryptography, and tokens are handed out for them."""

import secrets
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .errors import Refused, TokenRefused

PROJECT = "vcycle-project"
EMAIL = f"fleet@{PROJECT}.iam.gserviceaccount.com"
KEY_ID = "0123456789abcdef0123456789abcdef01234567"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
COMPUTE = "https://www.googleapis.com/auth/compute"
SCOPES = {COMPUTE, "https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/compute.readonly"}
LIFETIME_MAX = 3600

_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = _key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()
PUBLIC = _key.public_key()


def key_file(token_uri):
    """What Google gives for a key of a service account."""
    return {"type": "service_account", "project_id": PROJECT, "private_key_id": KEY_ID, "private_key": PRIVATE,
            "client_email": EMAIL, "client_id": "100000000000000000000", "token_uri": token_uri}


def _grant(text):
    raise TokenRefused("invalid_grant", text)


def _form(exchange):
    if exchange.method != "POST" or exchange.query:
        raise TokenRefused("invalid_request", "Only forms that are POSTed are understood here", 405)
    if exchange.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request", "The body is no form")
    try:
        pairs = urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise TokenRefused("invalid_request", "The body is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs) or set(form) != {"grant_type", "assertion"}:
        raise TokenRefused("invalid_request", "Required parameter is missing, or one is not known")
    if form["grant_type"] != GRANT:
        raise TokenRefused("unsupported_grant_type", f"Invalid grant_type: {form['grant_type']}")
    return form


def _claims(assertion, audiences):
    try:
        head = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, PUBLIC, algorithms=["RS256"], audience=audiences,
                            options={"require": ["iss", "aud", "iat", "exp", "scope"]})
    except jwt.ExpiredSignatureError:
        _grant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
    except jwt.InvalidSignatureError:
        _grant("Invalid JWT Signature.")
    except jwt.PyJWTError as error:
        _grant(f"Invalid JWT: {error}")
    if head.get("typ") != "JWT" or head.get("kid", KEY_ID) != KEY_ID:
        _grant("Invalid JWT: its header names no key of the account.")
    if not (isinstance(claims["iat"], int) and isinstance(claims["exp"], int)) or (
            not 0 < claims["exp"] - claims["iat"] <= LIFETIME_MAX):
        _grant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
    return claims


class Tokens:
    def __init__(self):
        self.given = {}  # token -> (its end, its scopes)
        self.off = False

    def give(self, exchange, seconds, told):
        """The answer to a request for a token."""
        form = _form(exchange)
        here = f"http://{exchange.headers.get('host', '')}/token"
        claims = _claims(form["assertion"], [here, "https://oauth2.googleapis.com/token"])
        if claims["iss"] != EMAIL:
            _grant("Invalid grant: account not found")
        scopes = set(str(claims["scope"]).split())
        if not scopes or scopes - SCOPES:
            raise TokenRefused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = "ya29.c." + secrets.token_urlsafe(48)
        self.given[token] = (time.time() + seconds, scopes)
        return {"access_token": token, "expires_in": int(told or seconds), "token_type": "Bearer"}

    def check(self, exchange):
        kind, _, token = exchange.headers.get("authorization", "").partition(" ")
        end, scopes = self.given.get(token, (0, set()))
        if kind != "Bearer" or end <= time.time():
            raise Refused(401, "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
                               "cookie or other valid authentication credential.")
        if COMPUTE not in scopes and "https://www.googleapis.com/auth/cloud-platform" not in scopes:
            raise Refused(403, "Request had insufficient authentication scopes.", "insufficientPermissions")
