"""The gateway: CloudEvents over HTTP in, Avro on Kafka out, a receipt once the broker has it.

``body`` reads a request, ``envelope`` takes CloudEvents out of it, ``checking`` holds them against the contract,
``acceptance`` decides about repeats and ``writing`` writes; ``index`` remembers what was written.
"""
