"""How pages are run: which are stale, on what they run, what the gallery calls meanwhile, what is kept of a run."""
