"""Defines the commands of ``foundry``, one module each or a part of one."""
