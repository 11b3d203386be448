# Asks the running site whether it is well; the container's own health check.
wget -q -O /dev/null "http://127.0.0.1:${PORT}/health"
