"""Attacks on classifiers: plain functions, images in, images out, one family a file."""
