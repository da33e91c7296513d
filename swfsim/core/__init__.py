"""The machine: everything the service does, without clock, thread, socket or chance.

Start reading at ``tables``, which shows on one page all that can happen; ``machine`` drives it,
``world`` is the data, and every other file is one noun of SWF.
"""
