"""Documents of the letter and pages over the read models: wording, templates, page models. No database here."""
