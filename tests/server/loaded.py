"""Imported by the parent of warm processes, before it forks: what a trainer and ``fit`` import."""

import nntui.cli.fit
import nntui.server.attendant
import nntui.server.foreground
import nntui.server.process
import nntui.server.service
import nntui.training.session
import nntui.training.start  # noqa: F401
from nntui.config.load import load
from nntui.training.experiment import build

build(
    load("xor", ())
)  # the models of the configuration and the engine's members are made when they are first needed
