"""habeas: no face becomes a template unless the person, the purpose and the law allow it."""

__version__ = "0.1.0"
