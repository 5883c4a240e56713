"""What objects hold, and what code allocates."""
