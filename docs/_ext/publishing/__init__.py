"""What the site has beside its pages, and what makes it fit to be served and copied."""
