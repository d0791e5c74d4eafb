"""The score and compare stages: errors, biases and their intervals."""
