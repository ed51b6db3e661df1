"""Painting videos: reading, planning, painting and writing them."""
