# SPDX-License-Identifier: Apache-2.0
"""The knobs of a stand-in: a dictionary that knows what may stand in it."""


def _copy(value):
    return list(value) if isinstance(value, list) else value


class Settings(dict):
    """A delay of None waits for ever, or until somebody pushes. least: below it no number may be."""

    def __init__(self, defaults, delays=(), least=None):
        super().__init__({name: _copy(value) for name, value in defaults.items()})
        self.defaults, self.delays, self.least = defaults, delays, least

    def change(self, changes):
        """Takes all of the changes or none; ValueError says what is wrong."""
        for name, value in changes.items():
            if name not in self.defaults:
                raise ValueError(f"there is no setting \"{name}\"; there are {', '.join(sorted(self.defaults))}")
            if not self._fits(name, value):
                raise ValueError(f"setting \"{name}\" cannot be {value!r}; its default is {self.defaults[name]!r}")
        self.update(changes)

    def _fits(self, name, value):
        wanted = self.defaults[name]
        if isinstance(wanted, list):
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        if isinstance(wanted, (bool, str)):
            return isinstance(value, type(wanted))
        if value is None:
            return name in self.delays
        return isinstance(value, (int, float)) and not isinstance(value, bool) and (
            self.least is None or value >= self.least)
