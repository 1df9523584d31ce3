# SPDX-License-Identifier: Apache-2.0
"""A stand-in EC2 for tests. See README.md."""
