UPDATE seasons SET factor = factor + 0.05, name = CONCAT(name, ' ❄; \\o/') WHERE MONTH(starts) = 12;
