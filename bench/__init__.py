"""What is measured: `make bench` prints it all, with the targets."""
