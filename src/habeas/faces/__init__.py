"""Faces by position: tracking, binding to roster lines, alignment, quality, comparison. numpy only."""
