"""Firms of their own, for the cases."""
