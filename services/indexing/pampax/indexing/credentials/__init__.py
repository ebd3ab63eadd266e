"""What git servers want to see before they let a repository be read: checked, encrypted, stored, and opened again where
git runs. No answer, message or log line holds one; the database has no key to them."""
