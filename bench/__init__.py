"""Measures ORION in a real Chromium, and its peers beside it: ``python -m bench`` (build.py bench calls it).

Every figure in the README comes from here. Figures are medians over runs in which the contenders took
turns, each with the share of the processor that other programs took meanwhile; a figure that couldn't
be measured on an idle machine says so.
"""
