"""`nadi rebuild`: totals and alerts computed anew beside the live ones, compared with them, and put in their place.

Workers of their own read the same events under the number of a *set* and say nothing (``building.py``). What would change
is found by letting every live task go on from the set's state, here, without claiming it (``rehearsal.py``). Once the set
is chosen (``switching.py``), the live workers start again and do the same for good: each task publishes what is new in one
transaction. Whatever is killed at whatever moment, the live state stays the truth until then.
"""
