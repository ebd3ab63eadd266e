"""One operation from claim to end, in synchronous steps: list the source, derive what is new, write it, publish.

Derived rows are written in segments, each one transaction, and are invisible until the publish names their ordinals; a
run that is killed is taken up by the next claim, which finds the segments that were committed and goes on behind them.
"""
