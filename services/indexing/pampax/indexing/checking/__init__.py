"""The self-check: what is stored of a sample of documents against what their content gives when it is derived anew.

It runs in a process of its own at the lowest priority, for a bounded time: every now and then, and when asked.
"""
