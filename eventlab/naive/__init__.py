"""Patterns as they are usually first written: small, plausible, and each flawed in a way that its test pins.

Every module says what is wrong with it and where the sound one lives. Nothing here is for use.
"""
