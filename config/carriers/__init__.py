"""Carriers as a deployment configures them: one section each, checked whole at the start."""

from config.carriers.base import CarrierSettings, Secret, Window

__all__ = ["CarrierSettings", "Secret", "Window"]
