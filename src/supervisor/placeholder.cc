namespace supervisor {}
