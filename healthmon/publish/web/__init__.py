"""What is answered over HTTP. Flask is imported here and nowhere else."""
