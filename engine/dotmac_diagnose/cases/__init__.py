"""Cases of the knowledge base: a few facts or objects, and what must be believed of them."""

from .build import base_of
from .judge import judge
from .model import Case, Expectation
from .read import read_cases

__all__ = ["Case", "Expectation", "base_of", "judge", "read_cases"]
