"""Readers of other tools' captures: from named bytes to documents, before redaction."""
