"""`leimo access`: what the center's users file holds instead of passwords and tokens."""

import typer

from leimo.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help="Who may use the command center: make entries of LEIMO_CENTER_USERS_FILE.",
)


@app.command("password")
def password() -> None:
    """Ask for a password, and print the line of the users file that stands for it.

    Reads one line where standard input is no terminal.

    Examples:

        leimo access password

        echo "$PASSWORD" | leimo access password
    """
    import sys

    from center.access.people import MOST_PASSWORD_CHARS, password_hash
    from leimo.run import fail

    if sys.stdin.isatty():
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if not 8 <= len(given) <= MOST_PASSWORD_CHARS:
        fail(f"a password has 8 to {MOST_PASSWORD_CHARS} characters, this one {len(given)}", code=2)
    say(f'password = "{password_hash(given)}"')


@app.command("token")
def token() -> None:
    """Make a token for a program or a screen: it is shown once, and its line of the users file.

    Examples:

        leimo access token
    """
    import secrets

    from center.access.people import TOKEN_BYTES, token_digest

    made = secrets.token_urlsafe(TOKEN_BYTES)
    say(f"token: {made}")
    say(f'sha256 = "{token_digest(made)}"')
