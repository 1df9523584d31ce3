# SPDX-License-Identifier: Apache-2.0
"""A stand-in OCCI service and its Keystone for tests. See README.md."""
