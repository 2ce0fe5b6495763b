"""How fast it is, as ratios of two times taken in one run on one server: ``make bench``."""
