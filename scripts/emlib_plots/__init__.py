"""What emlib-plot and emlib-report share: reading, the look of pictures, a module for each kind of picture, the report's page."""
