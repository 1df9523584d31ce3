# SPDX-License-Identifier: Apache-2.0
"""Who asks, and whether it is he: client credentials for tokens, which are JWTs that PyJWT makes and judges."""

import secrets
import time
import urllib.parse

import jwt

from .errors import Refused, TokenRefused

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "99999999-8888-7777-6666-555555555555"
SECRET = "s3cret~of+an/application_0123456789"
PUBLIC = "https://management.azure.com"


def _form(exchange):
    if exchange.method != "POST" or exchange.query:
        raise TokenRefused("invalid_request", "AADSTS900561: The endpoint only accepts POST requests.", 405)
    if exchange.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request", "AADSTS900144: The request body must contain: 'grant_type'.")
    try:
        pairs = urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise TokenRefused("invalid_request", "AADSTS900144: The body is no form.") from None
    form = dict(pairs)
    for name in ("grant_type", "client_id", "client_secret", "scope"):
        if not form.get(name):
            raise TokenRefused("invalid_request", f"AADSTS900144: The request body must contain: '{name}'.")
    if len(form) != len(pairs) or len(form) != 4:
        raise TokenRefused("invalid_request", "AADSTS: The request body has what it may not have.")
    return form


class Tokens:
    def __init__(self):
        self.key = secrets.token_hex(32)  # of this world's tokens

    def give(self, exchange, tenant, seconds, told):
        """The answer to a request for a token."""
        form = _form(exchange)
        if tenant != TENANT:
            raise TokenRefused("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
        if form["grant_type"] != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if form["client_id"] != CLIENT:
            raise TokenRefused("unauthorized_client", f"AADSTS700016: Application '{form['client_id']}' was not found.")
        if form["client_secret"] != SECRET:
            raise TokenRefused("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        here = f"http://{exchange.headers.get('host', '')}"
        if form["scope"] not in (f"{here}/.default", f"{PUBLIC}/.default"):
            raise TokenRefused("invalid_scope", f"AADSTS70011: The provided value for 'scope' is not valid: {form['scope']}")
        now = time.time()
        token = jwt.encode({"aud": PUBLIC, "iss": f"https://sts.windows.net/{TENANT}/", "appid": CLIENT, "iat": now,
                            "exp": now + seconds, "jti": secrets.token_hex(8)}, self.key, algorithm="HS256")
        return {"token_type": "Bearer", "expires_in": int(told or seconds), "ext_expires_in": int(told or seconds),
                "access_token": token}

    def check(self, exchange):
        kind, _, token = exchange.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refused(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        try:
            jwt.decode(token, self.key, algorithms=["HS256"], audience=PUBLIC, options={"verify_iat": False})
        except jwt.ExpiredSignatureError:
            raise Refused(401, "ExpiredAuthenticationToken", "The access token expiry has passed.") from None
        except jwt.PyJWTError:
            raise Refused(401, "InvalidAuthenticationToken", "The access token is invalid.") from None
