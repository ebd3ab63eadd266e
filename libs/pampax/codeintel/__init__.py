"""What a source file means: its language, chunks, symbols, terms and tokens. Pure functions over bytes and text;
only `parser_process` starts anything (a killable child that parses), and nothing here stores or sends."""
