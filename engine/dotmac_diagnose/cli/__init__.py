"""The command line: thin, lazy, with exit codes that scripts may rely on."""
