# SPDX-License-Identifier: Apache-2.0
"""VM_RESTRICTED_ATTR of oned.conf: what ordinary users may not bring in."""

SINGLES = ("DEPLOY_ID", "CPU_COST", "MEMORY_COST", "DISK_COST", "PCI", "EMULATOR", "RAW", "USER_PRIORITY",
           "VCENTER_VM_FOLDER", "VCENTER_ESX_HOST")

_BANDWIDTH = {"INBOUND_AVG_BW", "INBOUND_PEAK_BW", "INBOUND_PEAK_KB", "OUTBOUND_AVG_BW", "OUTBOUND_PEAK_BW",
              "OUTBOUND_PEAK_KB"}
_RATES = {f"{what}_{unit}_SEC{suffix}" for what in ("TOTAL", "READ", "WRITE") for unit in ("BYTES", "IOPS")
          for suffix in ("", "_MAX_LENGTH", "_MAX")}

VECTORS = {
    "CONTEXT": {"FILES"},
    "NIC": {"MAC", "VLAN_ID", "BRIDGE", "FILTER", "FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING", "OPENNEBULA_MANAGED",
            "VCENTER_INSTANCE_ID", "VCENTER_NET_REF", "VCENTER_PORTGROUP_TYPE", "EXTERNAL"} | _BANDWIDTH,
    "NIC_ALIAS": {"MAC", "VLAN_ID", "BRIDGE", "OPENNEBULA_MANAGED", "VCENTER_INSTANCE_ID", "VCENTER_NET_REF",
                  "VCENTER_PORTGROUP_TYPE"} | _BANDWIDTH,
    "NIC_DEFAULT": {"MAC", "VLAN_ID", "BRIDGE", "FILTER", "EXTERNAL"},
    "DISK": {"SIZE_IOPS_SEC", "OPENNEBULA_MANAGED", "VCENTER_DS_REF", "VCENTER_INSTANCE_ID", "ORIGINAL_SIZE",
             "SIZE_PREV"} | _RATES,
    "USER_INPUTS": {"CPU", "MEMORY", "VCPU"},
    "TOPOLOGY": {"PIN_POLICY", "HUGEPAGE_SIZE"},
}


def first(template):
    """A restricted attribute of a template that stands alone, or None."""
    for name in sorted(set(SINGLES) | set(VECTORS)):
        if name in VECTORS:
            for vector in template.vectors(name):
                for member in sorted(VECTORS[name]):
                    if member in vector:
                        return member
        elif template.get(name, None) is not None:
            return name
    return None


def _values(template, name):
    return sorted(member + vector[member] for vector in template.vectors(name)
                  for member in VECTORS[name] if member in vector)


def against(template, base, append):
    """A restricted attribute that differs from the base, or None. What the base has and the template lacks is kept."""
    for name in sorted(set(SINGLES) | set(VECTORS)):
        if name in VECTORS:
            touched = template.vectors(name) or (not append and base.vectors(name))
            if touched and _values(template, name) != _values(base, name):
                return name
        elif template.get(name, None) is not None:
            if template.get(name) != base.get(name):
                return name
        elif base.get(name, None) is not None:
            template.add(name, base.get(name))
    return None
