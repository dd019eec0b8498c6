"""A small internet provider's back office: the program whose faults the tests diagnose."""

__version__ = "1.4.2"
