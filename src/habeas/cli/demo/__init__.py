"""`habeas demo`: an archive of people who don't exist, and the whole way on it."""
