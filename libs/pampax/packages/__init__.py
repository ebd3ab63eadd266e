"""What manifests say of packages: which ones a folder publishes, and which ones it needs.

Pure: a path and its text go in. Search reads them of the files of a snapshot; nothing is executed, nothing is fetched.
"""
