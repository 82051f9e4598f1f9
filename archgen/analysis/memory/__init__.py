"""What a training step keeps in memory, and the largest moment of an evaluation."""
