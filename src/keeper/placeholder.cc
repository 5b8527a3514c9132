namespace keeper {}
