"""Pages on which departments see what arrived, what was refused, and what could not be processed.

``routes`` puts them into the gateway's process; ``compliance`` compares with what the profile declares, ``mailbox`` and
``mending`` are about dead letters, ``asyncapi`` describes the interfaces.
"""
