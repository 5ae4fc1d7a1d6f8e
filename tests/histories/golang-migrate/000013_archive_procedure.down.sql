DROP PROCEDURE IF EXISTS archive_delivered;
