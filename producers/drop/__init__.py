"""A folder that is watched: files put into it are checked whole, published, and set aside with a result beside them."""
