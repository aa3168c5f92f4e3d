"""From events to live aggregates and indications."""
