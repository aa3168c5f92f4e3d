"""The form of villages: an installable page that keeps what is written without a signal, and sends it to the gateway."""
