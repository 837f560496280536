"""What ends a script with a message instead of a picture."""


class Problem(Exception):
    """A message for the user and an exit status: 2 for bad usage or input, 1 where the machine failed."""

    def __init__(self, message, status=2):
        super().__init__("".join(c if c.isprintable() else "?" for c in message))  # names are other people's text
        self.status = status
