"""One small file per rule."""
