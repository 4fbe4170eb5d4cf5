"""The real deployment, run: the images are built and docker-compose.yml is started, on stand-ins for the base images."""
