"""The documents: plain results in, pages out."""
