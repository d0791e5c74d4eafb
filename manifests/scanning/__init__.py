"""The scan stage: the checks of photos and label rows."""
