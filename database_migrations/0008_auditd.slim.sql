-- A store of the slim profile keeps no attributes, so that there is nothing to join records by.
ALTER TABLE {events} MODIFY COMMENT 'slim profile';
