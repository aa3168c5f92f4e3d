"""Telaah data historis: the live pipeline over a historic log, on a stack of its own."""
