-- What a run is part of, for as long as its operation waits and however often it is handed out again.

-- W3C traceparent of the request that made the operation, '' when it had none.
ALTER TABLE operation ADD COLUMN traceparent text NOT NULL DEFAULT '';
