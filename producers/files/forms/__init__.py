"""Workbooks that people fill in: their Indonesian titles and words, and the template made of them."""
