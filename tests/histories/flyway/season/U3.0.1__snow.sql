UPDATE seasons SET factor = 0.90, name = 'hiver' WHERE starts = '2022-12-21';
