"""Runs a test script inside a virtual environment that holds one package; kept in the build folder."""
import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def inside(package, version, folder):
    """Returns only inside the environment; else the script is run again there."""
    if os.environ.get("STEELYARD_SDK"):
        return
    where = pathlib.Path(os.environ.get("STEELYARD_BUILD", ROOT / "build")) / f"clients/{folder}-{version}"
    python = where / "bin/python"
    if not (where / "ready").exists():
        venv.create(where, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{package}=={version}"], check=True)
        (where / "ready").touch()
    os.execve(python, [str(python), *sys.argv], dict(os.environ, STEELYARD_SDK="1"))
