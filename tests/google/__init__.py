# SPDX-License-Identifier: Apache-2.0
"""A stand-in Google Compute Engine for tests. See README.md."""
