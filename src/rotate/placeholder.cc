namespace rotate {}
