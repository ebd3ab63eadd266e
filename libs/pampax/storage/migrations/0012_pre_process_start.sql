-- A pid alone names no process: a container that is started again hands out the same ones.
ALTER TABLE worker_heartbeat ADD COLUMN process_started double precision;  -- seconds since 1970, null of older versions
