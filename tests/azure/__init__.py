# SPDX-License-Identifier: Apache-2.0
"""A stand-in Azure (Resource Manager and logins) for tests. See README.md."""
