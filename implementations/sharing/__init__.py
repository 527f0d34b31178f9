"""Path: how one order is given to every attempt of its submission."""
