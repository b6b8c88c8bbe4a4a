"""What the library raises for anything that a user can cause. The text is one line that names the file, key, argument or value,
what was expected and what was found; it is the text of the C++ library and of the command line."""


class Error(RuntimeError):
    """A file, key, tensor or value that is missing, corrupt or does not fit."""


class UsageError(Error, ValueError):
    """What was asked for cannot be: a wrong argument, as against a file or machine that fails."""


class OptionError(UsageError):
    """One option of a call; `option` is its name."""

    option: str = ""


class EngineFull(Error):
    """There is no room for a task, now or ever."""


class Cancelled(Error):
    """The result of what was cancelled."""
