"""Why somebody that a provider should vouch for is not let in."""

from enum import StrEnum


class Reason(StrEnum):
    """What the page says; the words are `login.oidc.…` in `center/pages/texts`."""

    AWAY = "away"
    """The provider does not answer, or not as one."""
    OVER = "over"
    """The login was not begun in this browser, took too long, or was used already."""
    REFUSED = "refused"
    """The provider said no."""
    UNPROVEN = "unproven"
    """What it gave proves nothing: signature, issuer, audience, time or nonce are wrong."""
    UNNAMED = "unnamed"
    """It does not say who it is, or has not verified the address of mail."""
    UNKNOWN = "unknown"
    """It is somebody that the users file does not name."""


class LoginRefusedError(Exception):
    """A login through the provider failed; `detail` is for the log, and holds no secret."""

    def __init__(self, reason: Reason, detail: str, name: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.name = name
        """Whom the provider named, where that is known."""


class KeyMissingError(LoginRefusedError):
    """The token was signed by a key that we do not have yet."""
