# SPDX-License-Identifier: Apache-2.0
"""A refusal in Azure's words."""


class Refused(Exception):
    def __init__(self, status, code, text):
        super().__init__(text)
        self.status, self.code, self.text = status, code, text

    def body(self):
        return {"error": {"code": self.code, "message": self.text}}


class TokenRefused(Exception):
    """Of the login, which speaks OAuth's own form."""

    def __init__(self, code, text, status=400):
        super().__init__(text)
        self.status, self.code, self.text = status, code, text

    def body(self):
        return {"error": self.code, "error_description": self.text, "error_codes": [], "trace_id": "t", "correlation_id": "c"}
