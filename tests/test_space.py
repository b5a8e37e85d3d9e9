"""The regions of an address space, against a table of pages (`sim.space`)."""

from hypothesis import given
from hypothesis import strategies as st

from sim.space import PAGE, AddressSpace, Region

PAGES = 24
spans = st.tuples(st.integers(0, PAGES - 1), st.integers(1, 6)).map(lambda s: (s[0], min(s[0] + s[1], PAGES)))
steps = st.lists(
    st.tuples(spans, st.sampled_from(["cut", "r--", "rw-"]), st.sampled_from(["a", "b"])), max_size=30
)


@given(steps)
def test_regions_are_what_a_table_of_pages_says(moves: list[tuple[tuple[int, int], str, str]]) -> None:
    space = AddressSpace()
    table: list[tuple[str, str] | None] = [None] * PAGES
    for (first, end), what, name in moves:
        removed = space.cut(first * PAGE, end * PAGE)
        gone = [page for region in removed for page in range(region.start // PAGE, region.end // PAGE)]
        assert gone == [page for page in range(first, end) if table[page] is not None]
        table[first:end] = [None] * (end - first)
        assert space.is_free(first * PAGE, end * PAGE)
        if what != "cut":
            space.add(Region(first * PAGE, end * PAGE, what, name))
            table[first:end] = [(what, name)] * (end - first)
            assert not space.is_free(first * PAGE, end * PAGE)
        for page in range(PAGES):
            region = space.region_at(page * PAGE)
            assert (region and (region.permissions, region.name)) == table[page]
        # Sorted, apart, and no two that could be one.
        for left, right in zip(space.regions, space.regions[1:], strict=False):
            assert left.end <= right.start
            assert left.end < right.start or (left.permissions, left.name) != (right.permissions, right.name)
