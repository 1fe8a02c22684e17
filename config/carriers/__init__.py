"""Carriers as a deployment configures them: one section each, checked whole at the start.

file.py      reads the carriers file: sections and routes, all faults at once
kinds.py     every kind and what its section may say, one line a kind
"""

from config.carriers.base import CarrierSettings, Secret, Window

__all__ = ["CarrierSettings", "Secret", "Window"]
