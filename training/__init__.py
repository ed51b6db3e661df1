"""Learning a style: the face bank, the discriminators, the losses and the training loop."""
