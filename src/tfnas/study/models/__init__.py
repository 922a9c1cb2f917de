"""Typed models of the study file, a module for each part."""
