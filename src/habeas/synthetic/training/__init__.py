"""Training of the synthetic model pack. The only part of habeas.synthetic that may import torch."""
