"""A private JupyterLab on the loopback, and a headless Chromium that looks at it as a person would."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

CHROMIUM_OPTIONS = (
    "--no-sandbox",  # as root, Chromium refuses to start with its sandbox
    "--disable-dev-shm-usage",  # containers have little shared memory
    "--disable-gpu",
    "--disable-background-networking",  # no look-ups of its own: nothing may leave the loopback
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

LAB_SETTINGS = {
    "apputils-extension/themes": {"adaptive-theme": True},  # dark where the browser asks for it
    # The question whether to show news would lie over the page.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Otherwise cells that are out of sight are not in the page, and cannot be asked anything.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it listens, and the word that opens it."""

    url: str
    token: str

    def address(self, notebook: str) -> str:
        """The notebook in a workspace of its own, so that no earlier layout comes back."""
        return f"{self.url}/lab/workspaces/w{secrets.token_hex(4)}/tree/{notebook}?reset&token={self.token}"


@contextmanager
def jupyter_lab(folder: Path, state: Path, *, timeout_s: float = 90) -> Iterator[Lab]:
    """Serve *folder*. Settings, kernels' files and logs stay below *state*; nobody's own are touched."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16))
    for name, content in LAB_SETTINGS.items():
        path = state / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    own_places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    environment = {**os.environ, **{key: str(state / name) for key, name in own_places.items()}}
    environment["JUPYTER_TOKEN"] = lab.token  # not on the command line, where every process could read it
    log = state / "lab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            _await_server(lab, server, log, timeout_s)
            yield lab
        finally:
            server.terminate()  # the server ends its kernels before itself
            with suppress(subprocess.TimeoutExpired):
                server.wait(20)
            server.kill()


def _await_server(lab: Lab, server: subprocess.Popen[bytes], log: Path, timeout_s: float) -> None:
    request = urllib.request.Request(f"{lab.url}/api/status", headers={"Authorization": f"token {lab.token}"})
    deadline = time.monotonic() + timeout_s
    while True:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"JupyterLab did not come up:\n{log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(request, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)


@dataclass
class Watched:
    """A page, with what went wrong on it and what it asked for outside the loopback."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, address: str, *, timeout_ms: float = 90_000) -> None:
        """Open a notebook and wait until its kernel is idle."""
        self.page.goto(address)
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first.wait_for(timeout=timeout_ms)
        self.wait_idle(timeout_ms=timeout_ms)

    def wait_idle(self, *, timeout_ms: float = 90_000) -> None:
        """The status bar names the kernel before it says Idle; while it says No Kernel, commands are dropped."""
        idle = re.compile(r"^(?!No Kernel).*\| Idle$")
        self.page.locator("#jp-main-statusbar").get_by_text(idle).wait_for(timeout=timeout_ms)

    def run_all(self, *, timeout_ms: float = 180_000) -> None:
        """Run all cells from the menu, and wait until each code cell has its number."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('.jp-CodeCell')].every(cell =>
                 !cell.querySelector('.cm-content')?.textContent.trim() ||
                 /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent))""",
            timeout=timeout_ms,
        )
        self.wait_idle(timeout_ms=timeout_ms)

    def photograph(self, folder: Path, name: str) -> None:
        """The notebook from top to bottom, a screen at a time, for people to look at."""
        folder.mkdir(exist_ok=True)
        for old in folder.glob(f"{name}-*.png"):
            old.unlink()
        scroll = (
            "(y) => { const page = document.querySelector('.jp-WindowedPanel-outer'); page.scrollTop = y; "
            "return [page.scrollTop, page.clientHeight, page.scrollHeight]; }"
        )
        y, number = 0, 1
        while True:
            _, height, total = self.page.evaluate(scroll, y)
            self.page.wait_for_timeout(200)  # JupyterLab draws what comes into sight
            self.page.screenshot(path=folder / f"{name}-{number:02}.png")
            if y + height >= total:
                return
            y, number = y + int(height * 0.95), number + 1


@contextmanager
def chromium(*, width: int = 1280, height: int = 1000, dark: bool = False) -> Iterator[Watched]:
    """A page of the system's own Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(CHROMIUM_OPTIONS))
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        watched = Watched(context.new_page())
        page = watched.page
        page.on("console", lambda message: message.type == "error" and watched.errors.append(message.text))
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("request", lambda request: _is_outside(request.url) and watched.outside.append(request.url))
        try:
            yield watched
        finally:
            browser.close()


def _is_outside(url: str) -> bool:
    return url.startswith(("http:", "https:", "ws:", "wss:")) and "//127.0.0.1:" not in url
