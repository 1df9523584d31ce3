# SPDX-License-Identifier: Apache-2.0
"""Who asks, and whether it is he: signatures v4 and v2, judged by botocore's own signer."""

import calendar
import re
import time

from botocore.auth import SigV2Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .errors import Refused

ACCESS, SECRET = "a1b2c3d4access", "s3cret/of+ec2=0123456789"
SKEW_MAX = 900
V4 = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")


def check(exchange, form, services):
    """Refused unless the request is signed for one of the services."""
    if "Signature" in form:
        _check_v2(exchange, form)
    else:
        _check_v4(exchange, services)


def _aws(exchange, names=()):
    host = exchange.headers.get("host", "")
    return AWSRequest(method="POST", url=f"http://{host}{exchange.path}", data=exchange.body,
                      headers={name: exchange.headers.get(name, "") for name in names})


def _check_time(text, form):
    try:
        sent = calendar.timegm(time.strptime(text, form))
    except ValueError:
        raise Refused("InvalidParameterValue", f"Invalid timestamp: {text}") from None
    if abs(time.time() - sent) > SKEW_MAX:
        raise Refused("RequestExpired", f"Request has expired. Timestamp date is {text}")


def _check_access(access):
    if access != ACCESS:
        raise Refused("AuthFailure", "AWS was not able to validate the provided access credentials", 401)


def _mismatch(text="The request signature we calculated does not match the signature you provided."):
    return Refused("SignatureDoesNotMatch", text, 403)


def _check_v4(exchange, services):
    found = V4.fullmatch(exchange.headers.get("authorization", ""))
    if not found:
        raise Refused("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    access, day, region, service, names, signature = found.groups()
    date = exchange.headers.get("x-amz-date", "")
    _check_time(date, "%Y%m%dT%H%M%SZ")
    _check_access(access)
    if not {"host", "x-amz-date"} <= set(names.split(";")) or service not in services or day != date[:8]:
        raise _mismatch("The scope or the signed headers are wrong")
    signer = SigV4Auth(Credentials(ACCESS, SECRET), service, region)
    aws = _aws(exchange, names.split(";"))
    aws.context["timestamp"] = date
    wanted = signer.signature(signer.string_to_sign(aws, signer.canonical_request(aws)), aws)
    if wanted != signature or signer.signed_headers(signer.headers_to_sign(aws)) != names:
        raise _mismatch()


def _check_v2(exchange, form):
    _check_time(form.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%SZ")
    _check_access(form.get("AWSAccessKeyId"))
    if (form.get("SignatureMethod"), form.get("SignatureVersion")) != ("HmacSHA256", "2"):
        raise _mismatch("There is no such signature")
    _, wanted = SigV2Auth(Credentials(ACCESS, SECRET)).calc_signature(_aws(exchange), form)
    if wanted != form["Signature"]:
        raise _mismatch()
