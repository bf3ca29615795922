"""``bridge gaps``: which intervals of the meters' load profiles are missing, why, and until when they can be had."""
