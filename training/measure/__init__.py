"""Measuring: how near paintings are to photos and art, and the networks that see it."""
