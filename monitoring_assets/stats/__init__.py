"""Pure numeric functions on NumPy arrays and counts; they know neither models nor columns."""
