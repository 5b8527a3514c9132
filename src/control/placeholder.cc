namespace control {}
