"""The pipeline over real sockets: an open-loop sender in one process, the client under test in another."""
