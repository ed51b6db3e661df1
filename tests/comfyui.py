"""A real ComfyUI with the pack in it: starts one, talks to it over HTTP, stops it.

A test asks for the fixture `comfyui`, which is a Host:

    comfyui.upload(picture, "portrait.png")
    history = comfyui.queue(comfyui.api_prompt(workflow))
    images = comfyui.images(history)

`python tests/comfyui.py` runs one to work with in the browser; that is `make comfyui`.
"""

import asyncio
import contextlib
import io
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

import workflows
from comfyui_backend import cache_folder, find_backend

PACK = Path(__file__).resolve().parents[1]
# ComfyUI loads a pack from any folder name; this one is no Python identifier on purpose. It has
# no space, because ComfyUI then serves no pack's scripts (404); test_comfyui.py tries one.
PACK_NAME = "tps.portrait-0.1"
# The pack must not find itself as the installed package, which no user has.
HIDE_THE_PACKAGE = "import sys\nsys.modules['tps_portrait'] = None\n"
# Kinds of binary messages on the WebSocket.
PREVIEW_IMAGE, TEXT = 1, 3
# What a script begins with that runs in a process with ComfyUI's modules: see `run_inside`.
INSIDE = """
import comfy.options
comfy.options.enable_args_parsing()
import asyncio, json
import nodes

def load_pack():
    return asyncio.run(nodes.load_custom_node(sys.PACK, module_parent="custom_nodes"))
"""


@dataclass
class Host:
    """A running ComfyUI. `folder` is its base directory: input/, output/, models/ …"""

    url: str
    folder: Path
    process: subprocess.Popen

    def log(self) -> str:
        """Returns all that ComfyUI has said so far."""
        return log_file(self.folder).read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> Any:
        """Returns the JSON at `path`."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict) -> Any:
        """Returns the answer to a JSON body posted to `path`; None if it is empty."""
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{path}: {error.code}: {error.read().decode()}") from None

    def object_info(self) -> dict[str, Any]:
        """Returns what ComfyUI knows about every node type."""
        return self.get("/object_info")

    def api_prompt(self, workflow: Path | dict) -> dict[str, Any]:
        """Returns the prompt of a workflow that was saved by the editor."""
        return workflows.api_prompt(workflow, self.object_info())

    def upload(self, source: Path | Image.Image, name: str | None = None) -> str:
        """Puts a picture, a file or a whole folder under input/ and returns its name there."""
        name = name or source.name
        target = self.folder / "input" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, Image.Image):
            source.save(target)
        elif source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
        return name

    def submit(self, prompt: dict, client_id: str = "") -> str:
        """Queues a prompt and returns its id. RuntimeError names what ComfyUI refuses."""
        answer = self.post("/prompt", {"prompt": prompt, "client_id": client_id})
        if answer["node_errors"]:  # it runs the outputs that are valid and drops the others
            raise RuntimeError(json.dumps(answer["node_errors"], indent=1))
        return answer["prompt_id"]

    def wait(self, prompt_id: str, timeout: float = 900) -> dict[str, Any]:
        """Returns the history entry of a prompt once it has ended, however it ended."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if entry := self.get(f"/history/{prompt_id}").get(prompt_id):
                return entry
            if self.process.poll() is not None:
                raise RuntimeError(f"ComfyUI died:\n{tail(self.log())}")
            time.sleep(0.1)
        raise TimeoutError(f"not done after {timeout:.0f} s:\n{tail(self.log())}")

    def queue(self, prompt: dict, timeout: float = 900) -> dict[str, Any]:
        """Runs a prompt and returns its history entry; RuntimeError if a node failed."""
        entry = self.wait(self.submit(prompt), timeout)
        if not entry["status"]["completed"]:
            errors = [what for kind, what in entry["status"]["messages"] if "error" in kind]
            said = "\n".join(f"{e['node_type']}: {e['exception_message']}" for e in errors)
            raise RuntimeError(f"{said or entry['status']}\n{tail(self.log())}")
        return entry

    def images(self, history: dict[str, Any]) -> dict[str, list[Image.Image]]:
        """Returns the pictures of a history entry by node id."""
        return {
            node: [self.image(where) for where in output["images"]]
            for node, output in history["outputs"].items()
            if output.get("images")
        }

    def image(self, where: dict[str, str]) -> Image.Image:
        """Returns one picture, named as in a history entry."""
        with urllib.request.urlopen(f"{self.url}/view?{urllib.parse.urlencode(where)}") as answer:
            return Image.open(io.BytesIO(answer.read()))

    def interrupt(self) -> None:
        """Presses Cancel."""
        self.post("/interrupt", {})

    @contextlib.contextmanager
    def listen(self, client_id: str) -> Iterator["Messages"]:
        """Collects what ComfyUI pushes to `client_id` (to be given to `submit`) meanwhile."""
        messages = Messages()
        url = f"{self.url}/ws?clientId={client_id}"
        thread = threading.Thread(target=lambda: asyncio.run(messages.collect(url)))
        thread.start()
        try:
            if not messages.connected.wait(30):
                raise TimeoutError("no WebSocket")
            yield messages
        finally:
            messages.done.set()
            thread.join()

    def stop(self) -> None:
        """Ends the process."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Messages:
    """What the WebSocket brought.

    `events` as JSON ({"type", "data"}), `previews` as pictures, and the lines of text that nodes
    show on themselves.
    """

    events: list[dict] = field(default_factory=list)
    previews: list[Image.Image] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    connected: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    async def collect(self, url: str) -> None:
        """Fills the lists until `done` is set."""
        import aiohttp

        async with aiohttp.ClientSession() as session, session.ws_connect(url) as stream:
            self.connected.set()
            while not self.done.is_set():
                with contextlib.suppress(asyncio.TimeoutError):
                    message = await stream.receive(timeout=0.2)
                    if message.type == aiohttp.WSMsgType.TEXT:
                        self.events.append(json.loads(message.data))
                    elif message.type == aiohttp.WSMsgType.BINARY:
                        self.collect_binary(message.data)

    def collect_binary(self, data: bytes) -> None:
        """Adds a preview or a text: 4 bytes that say which, 4 with a format or a length, and it."""
        kind, number = struct.unpack(">II", data[:8])
        if kind == PREVIEW_IMAGE:
            self.previews.append(Image.open(io.BytesIO(data[8:])))
        elif kind == TEXT:  # the node's id comes first, and that was its length
            self.texts.append(data[8 + number :].decode())

    def of_type(self, kind: str) -> list[dict]:
        """Returns the data of all events of one type: "progress", "executing", "executed" …"""
        return [event["data"] for event in list(self.events) if event["type"] == kind]


def node(kind: str, **inputs) -> dict:
    """A node of a prompt."""
    return {"class_type": kind, "inputs": inputs}


@contextlib.contextmanager
def start(
    folder: Path,
    pack: Path = PACK,
    environment: dict[str, str] | None = None,
    timeout: float = 600,
    first: str = "",
) -> Iterator[Host]:
    """Runs a ComfyUI whose base directory is `folder`, with `pack` as its only custom node.

    `environment` is added to the process's own, which runs the code `first` before all else.
    Raises RuntimeError with the end of the log if it doesn't come up.
    """
    backend = find_backend()
    prepare(folder, pack, PACK_NAME)
    hidden = folder / "site"
    hidden.mkdir(exist_ok=True)
    (hidden / "sitecustomize.py").write_text(HIDE_THE_PACKAGE + first)
    port = free_port()
    with log_file(folder).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments(backend, folder, port), "--cpu", "--preview-method=none"],
            cwd=backend,
            env={**os.environ, "PYTHONPATH": str(hidden), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    host = Host(f"http://127.0.0.1:{port}", folder, process)
    try:
        wait_until_up(host, timeout)
        yield host
    finally:
        host.stop()


def run_inside(script: str, folder: Path, name: str = PACK_NAME, given: Any = None) -> Any:
    """Runs a script in a process with ComfyUI's modules, and returns the JSON that it prints last.

    It can call `load_pack()`, which loads the pack from `folder` under the name, and finds
    `given` as JSON on its standard input. RuntimeError with what it said if it fails.
    """
    prepare(folder, PACK, name)
    pack = folder / "custom_nodes" / name
    script = f"{HIDE_THE_PACKAGE}sys.PACK = {str(pack)!r}\n{INSIDE}{script}"
    process = subprocess.run(
        [sys.executable, "-c", script, "--cpu", f"--base-directory={folder}"],
        cwd=find_backend(),
        env={**os.environ, "TPS_PORTRAIT_HOME": ""},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(tail(process.stderr))
    return json.loads(process.stdout.splitlines()[-1])


def prepare(folder: Path, pack: Path, name: str) -> None:
    """Makes the base directory, with `pack` linked into its custom nodes as `name`."""
    for part in ("custom_nodes", "models", "input", "output", "temp", "user"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    link = folder / "custom_nodes" / name
    link.unlink(missing_ok=True)
    link.symlink_to(pack, target_is_directory=True)


def arguments(backend: Path, folder: Path, port: int) -> list[str]:
    """Returns what follows `python` on the command line."""
    return [
        str(backend / "main.py"),
        "--listen=127.0.0.1",
        f"--port={port}",
        f"--base-directory={folder}",
        "--database-url=sqlite:///:memory:",
        "--disable-auto-launch",
        "--disable-api-nodes",
    ]


def wait_until_up(host: Host, timeout: float) -> None:
    """Returns once ComfyUI answers; RuntimeError with the end of its log if it doesn't."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if host.process.poll() is not None:
            raise RuntimeError(f"ComfyUI ended with {host.process.returncode}:\n{tail(host.log())}")
        with contextlib.suppress(OSError):
            host.get("/system_stats")
            return
        time.sleep(0.2)
    raise RuntimeError(f"ComfyUI was not up after {timeout:.0f} s:\n{tail(host.log())}")


def wait_for(done: Callable[[], bool], seconds: float = 60) -> None:
    """Returns once `done()` is true; TimeoutError if that takes too long."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"not in {seconds:.0f} s")
        time.sleep(0.01)


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def log_file(folder: Path) -> Path:
    """Returns where the output of the ComfyUI in `folder` goes."""
    return folder / "comfyui.log"


def tail(text: str, lines: int = 40) -> str:
    """Returns the last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])


def run() -> int:
    """Runs a ComfyUI in the foreground until Ctrl-C and returns its exit status."""
    backend, folder, port = find_backend(), cache_folder() / "comfyui-base", free_port()
    prepare(folder, PACK, "tps-portrait")
    import torch

    cpu = [] if torch.cuda.is_available() or torch.backends.mps.is_available() else ["--cpu"]
    print(f"Pictures and models go into {folder}")
    print(f"In half a minute: http://127.0.0.1:{port}   (Ctrl-C ends it)", flush=True)
    try:
        return subprocess.call([sys.executable, *arguments(backend, folder, port), *cpu])
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(run())
