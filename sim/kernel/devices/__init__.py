"""Devices that programs find below /dev and use by plain file calls: one small file each.

``@device("/dev/io")`` declares a class of which a run makes one. What a device decides it yields as events;
what it has to do and has done is state that these change. A device itself holds only what no replay needs:
its random numbers, and the ticks at which it will do something, which are timers of the kernel's
(`sim.kernel.dispatcher`). Who waits for one is blocked on "device" and attempts again
(`sim.kernel.syscalls.waiting`) when the device has something.
"""

import pkgutil
from importlib import import_module

from sim.kernel.devices.table import Devices

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Devices"]
