"""The benchmark of each path, written once over the contract and declared for every implementation in the registry."""
