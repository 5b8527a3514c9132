namespace capture {}
