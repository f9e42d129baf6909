"""A supervisor over plain shell commands: `python -m tests.script.fake_run FOLDER name=command name!=command`.

`name!=` marks a service that is started again when it ends. Says `ready` once all are started.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from script.lib.data_folder import DataFolder
from script.lib.procfile import shell_arguments
from script.lib.supervisor import Service, ServiceFailed, StopAsked, Supervisor

STOP_SECONDS = 0.5


def main(folder_path: str, *lines: str) -> int:
    folder = DataFolder(Path(folder_path))
    folder.lock()
    say(f"leftovers: {','.join(folder.stop_leftovers(STOP_SECONDS))}")
    with Supervisor(folder, Path.cwd(), say, STOP_SECONDS) as supervisor:
        try:
            for line in lines:
                name, _, command = line.partition("=")
                service = Service(name.rstrip("!"), shell_arguments(command), os.environ, name.endswith("!"))
                supervisor.start(service)
            say("ready")
            supervisor.watch()
        except StopAsked:
            pass
        except ServiceFailed as failed:
            say(f"failed: {failed.name} {failed.reason} | {failed.last_words()}")
            return 1
    return 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
