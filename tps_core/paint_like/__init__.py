"""Painting a portrait like one picture of art, without any training."""
