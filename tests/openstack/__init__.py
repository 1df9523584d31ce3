# SPDX-License-Identifier: Apache-2.0
"""A stand-in OpenStack for tests: Keystone v2 and v3, Nova, Glance v1 and v2, Neutron, Cinder. See README.md."""
