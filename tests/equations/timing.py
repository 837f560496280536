"""Models of perception, response times and regression."""
MODELS = {}
