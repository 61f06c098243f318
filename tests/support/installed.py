"""Clients that we did not write, each at one pinned version in a folder of its own below build/clients, which outlives builds:
what is there is not installed again. `together` installs several at once; whatever cannot be installed is an error that says why."""
import concurrent.futures
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLIENTS = pathlib.Path(os.environ.get("STEELYARD_CLIENTS", ROOT / "build/clients"))
NODE_MAJOR = 22  # what the newest of these clients ask for; npm carries one where the distribution's is older
NEWEST = "2026-11-28"  # nothing that a client depends on is younger: a version of today must not break the tests of tomorrow


class NotInstalled(Exception):
    """A client that could not be had; never a reason to skip."""


def checked(command, folder):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise NotInstalled(f"{' '.join(map(str, command))} failed in {folder}:\n{done.stdout.decode(errors='replace')[-3000:]}")


def once(name, fill):
    """The folder `name`, filled by fill(folder) unless that was done before; two tests may ask at the same time."""
    folder = CLIENTS / name
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                fill(folder)
                (folder / "ready").touch()
    return folder


def npm(name, *packages):
    """Packages as name@version; the folder is named after the first one's version."""
    def fill(folder):
        (folder / "package.json").write_text('{"private": true}')
        checked(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--loglevel", "error", "--before", NEWEST, "--prefix", ".",
                 *packages], folder)
    return once(f"{name}-{packages[0].rsplit('@', 1)[1]}", fill)


def pip(name, *packages):
    """Packages as name==version, in a virtual environment."""
    def fill(folder):
        shutil.rmtree(folder / "lib", ignore_errors=True)
        venv.create(folder, with_pip=True)
        checked([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", *packages], folder)
    return once(f"{name}-{packages[0].rsplit('==', 1)[1]}", fill)


def node():
    """A node that is new enough for every client."""
    found = shutil.which("node")
    if found:
        said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if int(said.lstrip("v").split(".")[0]) >= NODE_MAJOR:
            return found
    return str(npm("node", "node@22.21.1") / "node_modules/node/bin/node")


def together(makers, at_once=3):
    """Runs functions that install something, some at a time: they wait for the network more than they compute. Names and errors
    of those that failed."""
    failed = {}
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        waiting = {pool.submit(make): name for name, make in makers.items()}
        for done in concurrent.futures.as_completed(waiting):
            try:
                done.result()
            except Exception as error:  # noqa: BLE001: told by whoever needs it
                failed[waiting[done]] = error
                print(f"not installed: {waiting[done]}: {error}", file=sys.stderr)
    return failed
