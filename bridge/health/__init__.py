"""Health: watches from the side. Nothing here changes what is read or sent."""
