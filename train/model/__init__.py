"""Networks, losses and the Keras runtime."""
