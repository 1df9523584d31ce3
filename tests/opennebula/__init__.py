# SPDX-License-Identifier: Apache-2.0
"""A stand-in OpenNebula for tests: oned's XML-RPC and OneFlow's REST. See README.md."""
