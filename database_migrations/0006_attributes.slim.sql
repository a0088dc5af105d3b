-- A store of the slim profile keeps no attributes: they are in the event's bytes.
ALTER TABLE {events} MODIFY COMMENT 'slim profile';
