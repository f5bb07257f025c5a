"""One picture: people, what surrounds them, and the camera."""
