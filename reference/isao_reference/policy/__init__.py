"""Pure decisions: markings to label, label to audience, audience and reader to yes or no."""
