DROP VIEW day_sheet;
