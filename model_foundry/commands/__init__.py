"""One module a command of ``foundry``, or a part of one."""
