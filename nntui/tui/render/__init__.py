"""Pictures as rows of styled characters, from arrays: pure functions that know no terminal and no Textual."""
