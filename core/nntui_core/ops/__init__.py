"""Operations of the graph."""
