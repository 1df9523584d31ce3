# SPDX-License-Identifier: Apache-2.0
"""What the stand-ins for clouds (tests/opennebula, tests/openstack, tests/ec2) have in common. See README.md."""
