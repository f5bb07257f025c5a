"""What an installation says about itself: its settings, its limits, its runs' ids, its clocks."""
