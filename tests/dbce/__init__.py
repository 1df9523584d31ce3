# SPDX-License-Identifier: Apache-2.0
"""A stand-in Cloud Exchange for tests. See README.md."""
