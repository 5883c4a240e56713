"""Programs that tests run in processes of their own."""

import os
import subprocess


def run(command, folder, environment=None, **variables):
    """Run a command in a folder, in this or another environment with further variables; return the ended process."""
    variables = {**(os.environ if environment is None else environment), **variables}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def passed(command, folder, environment=None, **variables):
    """Run a command, which must succeed, and return what it printed."""
    done = run(command, folder, environment, **variables)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout
