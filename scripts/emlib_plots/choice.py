"""What the user asks of a picture, whatever its kind."""
from dataclasses import dataclass, field
from typing import List, Optional


@dataclass
class Choice:
    title: Optional[str] = None
    width: Optional[float] = None  # mm
    height: Optional[float] = None  # mm, None: as the picture needs
    subjects: List[str] = field(default_factory=list)
    parameters: List[str] = field(default_factory=list)
    scale: Optional[str] = None  # natural or unconstrained, None: as the kind has it
