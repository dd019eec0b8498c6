"""Real servers for tests: started by the tests, on free ports of the loopback, never as root."""
