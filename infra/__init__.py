"""What starts and configures everything else."""
