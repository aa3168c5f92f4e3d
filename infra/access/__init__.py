"""Keys of departments and the revealing of identities, as the people who run Nadi handle them."""
