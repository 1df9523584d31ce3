# SPDX-License-Identifier: Apache-2.0
"""A refusal in Google's words."""

# status -> (what errors[0].reason says, what status says)
USUAL = {400: ("invalid", "INVALID_ARGUMENT"), 401: ("authError", "UNAUTHENTICATED"), 403: ("forbidden", "PERMISSION_DENIED"),
         404: ("notFound", "NOT_FOUND"), 409: ("alreadyExists", "ALREADY_EXISTS"), 429: ("rateLimitExceeded", "RESOURCE_EXHAUSTED"),
         500: ("backendError", "INTERNAL"), 503: ("backendError", "UNAVAILABLE")}


class Refused(Exception):
    def __init__(self, status, text, reason=None):
        super().__init__(text)
        self.status, self.text = status, text
        self.reason = reason or USUAL.get(status, ("invalid", ""))[0]

    def body(self):
        return {"error": {"code": self.status, "message": self.text,
                          "errors": [{"message": self.text, "domain": "global", "reason": self.reason}],
                          "status": USUAL.get(self.status, ("", "UNKNOWN"))[1]}}


class TokenRefused(Exception):
    """Of the token endpoint, which speaks OAuth's own form."""

    def __init__(self, code, text, status=400):
        super().__init__(text)
        self.status, self.code, self.text = status, code, text

    def body(self):
        return {"error": self.code, "error_description": self.text}
