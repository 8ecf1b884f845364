"""Playing a race: steps, speed, ends."""

from __future__ import annotations

from nntui.tui.race.player import SECONDS, SPEEDS, Player


def test_it_takes_about_twenty_seconds() -> None:
    for steps in (1, 5, 60, 500, 10_000):
        player = Player()
        player.load(steps)
        assert player.speed in SPEEDS
        if SPEEDS[0] * SECONDS < steps < SPEEDS[-1] * SECONDS:
            assert 0.7 * SECONDS < steps / player.speed < 3 * SECONDS


def test_time_is_kept_between_steps() -> None:
    player = Player()
    player.load(20)  # one step a second
    seen = []
    for _ in range(5):
        player.advance(0.4)
        seen.append(player.step)
    assert seen == [0, 0, 1, 1, 2]
    player.go(-1)
    assert (player.step, player.playing) == (1, False)
    player.advance(10)
    assert player.step == 1
    player.go(-5)
    assert player.step == 0
    player.go(99)
    assert player.step == 20
    player.toggle()
    assert (player.step, player.playing) == (0, True)
    player.advance(1e6)
    assert (player.step, player.playing) == (20, False)
