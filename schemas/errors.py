"""The base of what goes wrong and a person can mend."""


class OperatorError(RuntimeError):
    """Something that the person at the terminal can mend: the message says what and how.

    Every room may raise it or one of its kinds; `leimo.run` alone makes an exit code of it.
    """
