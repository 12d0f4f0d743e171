"""What the collector of Python need not look at again and again."""

import gc

AT_ONCE = (
    10_000  # objects made before the youngest are looked through; Python's own 700 is for small programs
)


async def collect_seldom() -> None:
    """For the server's lifespan. What was loaded stays for good, and the tabs' states are many objects that live long.

    Measured: an eighth of what opening one's invoices cost was the collector's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(AT_ONCE, 20, 20)
