"""Learning a style. Three rooms, each importing those before it only: banks, measure, learn."""
