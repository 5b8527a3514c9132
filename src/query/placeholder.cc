namespace query {}
