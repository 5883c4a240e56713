"""What is said of many pages at once: lists and tables that follow the pages."""
