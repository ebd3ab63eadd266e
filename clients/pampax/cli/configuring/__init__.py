"""What `pampax config` does: finding the settings that a system here has, and writing the file of all of them."""
