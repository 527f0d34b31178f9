"""What every command line here shares: one error boundary, options, progress, an output that can fail."""
