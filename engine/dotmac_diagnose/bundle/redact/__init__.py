"""Redaction: the border that no secret passes (architecture 9.3).

Structured objects are redacted by what a field is, free text by the shapes that secrets
have, and every value that was found to be secret in one place is then looked for in all
others: plain, base64, hex, URL-encoded. What diagnosis needs stays: names, hosts, ports,
users, image digests, uids, public certificates.
"""

from .documents import Redacted, redact
from .known import KnownSecrets
from .ledger import MARK, Ledger
from .text import TextRedactor

__all__ = ["MARK", "KnownSecrets", "Ledger", "Redacted", "TextRedactor", "redact"]
