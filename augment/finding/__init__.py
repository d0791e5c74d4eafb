"""Where faces are: the mesh model, the rule for spectacles, and the cache of what was found."""
