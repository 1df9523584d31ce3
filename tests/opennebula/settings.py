# SPDX-License-Identifier: Apache-2.0
"""Every knob, with what it does. Seconds everywhere; None for a delay: that step waits until somebody pushes it on."""

from standin import settings

DEFAULTS = {
    # The version that one.system.version tells; from it the dialect: 6.8 (before 6.10), 6.10, 7.
    "version": "6.8.0",
    "multicall": True,          # whether the XML-RPC library answers system.multicall
    # Life of a machine.
    "pending": 0.02,            # PENDING until the scheduler finds a host
    "prolog": 0.02,             # PROLOG
    "boot": 0.02,               # BOOT, also the BOOT_* of resume and retry
    "resize": 0.05,             # HOTPLUG_RESIZE
    "disk_resize": 0.05,        # DISK_RESIZE*
    "shutdown": 0.02,           # SHUTDOWN of a terminate
    "epilog": 0.02,             # EPILOG
    "cleanup": 0.02,            # CLEANUP_DELETE
    "poweroff": 0.02,           # SHUTDOWN_POWEROFF
    "save": 0.02,               # SAVE_* and EPILOG_* of suspend, stop and undeploy
    "migrate": None,            # RESCHED until the scheduler has moved the machine (with one host: never)
    "vms_quota": -1,            # machines that one user may have; below 0: any number
    "host_cpu": 10_000_000,     # the host's CPU in hundredths of a core
    "host_memory": 2**40,       # its memory in KB
    # Actions that need ADMIN; what an administrator moves to MANAGE leaves this list.
    "vm_admin_operations": ["migrate", "delete", "recover", "retry", "deploy", "resched", "backup",
                            "delete-recreate"],
    # Life of a service.
    "flow_deploy": 0.02,        # from 201 until the machines are asked for; 0: before the 201 is sent
    "flow_undeploy_nets": 0.02,  # UNDEPLOYING_NETS until the document is gone
    "flow_wait_timeout": 30,    # how long OneFlow waits for an event before it looks for failed machines
    "flow_auth": 0,             # what OneFlow takes to find out who asks (0.24 in the field)
    "flow_cooldown": 300,
    "flow_shutdown_action": "terminate",
}

DELAYS = {"pending", "prolog", "boot", "resize", "disk_resize", "shutdown", "epilog", "cleanup", "poweroff", "save",
          "migrate", "flow_deploy", "flow_undeploy_nets"}


class Settings(settings.Settings):
    def __init__(self):
        super().__init__(DEFAULTS, DELAYS, least=0)

    @property
    def release(self):
        """(major, minor) of the version."""
        parts = (self["version"].split(".") + ["0"])[:2]
        return tuple(int(part) if part.isdigit() else 0 for part in parts)

    @property
    def object_form(self):
        """OpenNebula 7: roles have template_id and template_contents."""
        return self.release >= (7, 0)
