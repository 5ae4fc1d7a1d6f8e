"""What the operator says to this plugin, by names that the manifest declares as `settings`.

Not for secrets: values are kept in the database until an alteration of several parts has ended.
"""

from . import host, purity
from .errors import conversion, sendable


def get(name: str) -> str | None:
    """The value of the setting `name`, at most 64 KiB; None where the operator gave none.

        region = settings.get("REGION") or "eu"

    Ends the hook for a name that the manifest does not declare.
    """
    purity.check_hook("a setting")
    if type(name) is not str:
        raise conversion(f"a setting's name is text, not {type(name).__name__}")
    return host.settings.get(sendable(name))
