"""Merges models of one architecture into one, by mergekit's recipes, tensor by tensor."""
