DROP TABLE {{table}}_tags;
