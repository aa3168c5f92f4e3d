"""Dead letters in people's hands: reading them, saying what to do, sending again, setting aside for good.

``letters`` reads them, ``marks`` remembers what was done, ``replay`` sends again, ``advice`` and ``contents`` explain.
"""
