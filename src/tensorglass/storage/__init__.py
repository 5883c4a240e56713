"""How tensors lie in memory: layouts, the places that they visit, contents, sharing and views."""
