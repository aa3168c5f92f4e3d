"""How a batch is processed: chunks, tasks, outputs, clocks, on Faust."""
