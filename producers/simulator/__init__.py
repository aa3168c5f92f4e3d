"""A believable, seeded regency that publishes events (DATA SIMULASI)."""

from producers.simulator.publishing import simulate_year
from producers.simulator.simulator import SimulationRefusedError, Simulator, Unfinished

__all__ = ["SimulationRefusedError", "Simulator", "Unfinished", "simulate_year"]
