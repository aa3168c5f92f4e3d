"""Dead letters at the operators' desk: ``replay`` sends again, ``advice`` explains. They are read in
``producers/dead_letters``.
"""
