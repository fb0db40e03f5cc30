"""What every head did while the model answered: recorded, read, and varied."""
