"""One file a command of `tailgate`: reads options, calls the instrument, prints."""
