"""What `make deploy` and `make restore` do beside the SAM CLI."""
