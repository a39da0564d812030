"""Training of generative adversarial networks: their networks, how they learn, how they are measured."""
