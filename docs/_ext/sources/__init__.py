"""The sources of the pages, as they lie in the repository: which there are, their blocks, what they use and need."""
