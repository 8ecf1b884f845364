"""Which lanes there are, and what they show at each place."""

from nntui.tui.render.lanes import Lane, lanes


def test_a_chain_has_none():
    assert lanes([(), (0,), (1,), (2,)], whole=True) == []


def test_with_neighbors_drawn_otherwise_only_far_connections_are_lanes():
    reads = [(), (0,), (1, 0), (1, 2)]
    assert lanes(reads, whole=False) == [Lane(0, (2,), 0), Lane(1, (3,), 1)]


def test_whole_gives_each_connection_of_a_joining_layer_its_lane():
    reads = [(), (0,), (1, 0), (1, 2), (3,)]
    assert lanes(reads, whole=True) == [Lane(0, (2,), 0), Lane(1, (2, 3), 1), Lane(2, (3,), 2)]


def test_a_slot_is_free_only_after_its_last_target():
    reads = [(), (0,), (0,), (2,), (2,), (4,), (4,)]
    assert [lane.slot for lane in lanes(reads, whole=False)] == [0, 1, 0]


def test_signs():
    lane = Lane(1, (3, 5), 0)
    assert [lane.sign(k) for k in range(7)] == ["", "from", "by", "to", "by", "to", ""]
