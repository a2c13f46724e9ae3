# SPDX-License-Identifier: Apache-2.0
"""What the tests of the page and its screenshots share: a Redis, documents, the server, and a browser that watches what is
asked of whom."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from harness import Skip, World  # noqa: E402

PATIENCE = 60  # seconds until something that must happen has not


def wait(what, condition, patience=PATIENCE):
    """The first true value of `condition`; what it raises counts as not yet."""
    end = time.monotonic() + patience
    last = None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
            last = value
        except Exception as error:  # noqa: BLE001 - pages change while they are looked at
            last = error
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}; last: {last!r}")


class Site(World):
    """A server of its own with documents in it."""

    def __init__(self, program, server, source):
        super().__init__(program, source)
        self.server = server
        self.process = None
        self.origin = ""

    def documents(self, made_up=False):
        """Those of the data folder when they are there, else made up."""
        movies, theaters = (os.path.join(self.data, f"{name}.ndjson.gz") for name in ("movies", "theaters"))
        if not made_up and os.access(movies, os.R_OK) and os.access(theaters, os.R_OK):
            self.run("load", movies)
            self.run("load", theaters)
        else:
            self.run("generate", "--load")

    def start_server(self, port=0):
        env = {
            **self.env,
            "MFLIXCACHE_CACHE_URI": f"redis://127.0.0.1:{self.port}/0",
            "MFLIXCACHE_STORE_URI": "sqlite:" + self.path("main.db"),
            "MFLIXCACHE_CACHE_PREFIX": "main_db:",
        }
        self.process = subprocess.Popen(
            [self.server, "--listen", f"127.0.0.1:{port}"], env=env, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line.startswith("mflix-server: http://"), f"the server said {line!r}"
        self.origin = line.split()[1].rstrip("/")

    def stop_server(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
        self.process = None

    def restart_redis(self):
        """Another one on the same port, empty, as after a crash."""
        port = self.port
        server = shutil.which("redis-server")
        self.redis = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.dir],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait("Redis", lambda: self.command("PING") == "PONG")

    def ask(self, method, path, body=None):
        """(status, answer) of the server itself, beside the browser."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.origin + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def close(self):
        self.stop_server()
        super().close()


class Browser:
    """Chromium without a window."""

    def __init__(self, site):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not chromium or not driver:
            raise Skip("chromium and chromedriver are not installed")
        self.site = site
        self.profile = tempfile.mkdtemp(prefix="mflix-page-")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            f"--user-data-dir={self.profile}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver, env={**os.environ, "HOME": self.profile, "XDG_CONFIG_HOME": self.profile}))
        self.driver.set_script_timeout(PATIENCE)
        self.driver.get("about:blank")
        self.driver.get_log("performance")  # what its own first page asked for
        self.asked = []
        self.complaints = []
        self.size(1280, 900)
        self.media()

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---- how it is looked at

    def size(self, width, height, scale=1):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
        )

    def media(self, scheme="light", motion="no-preference"):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {
                "features": [
                    {"name": "prefers-color-scheme", "value": scheme},
                    {"name": "prefers-reduced-motion", "value": motion},
                ]
            },
        )

    def open(self, path="/"):
        """The page, with its first film measured and its numbers there."""
        self.driver.get("about:blank")
        self.driver.get(self.site.origin + path)
        wait("the first film", lambda: self.text("#film-source"))
        wait("the other ratios", lambda: self.text("#ratio-top") and self.text("#ratio-near"))
        self.settled()

    def settled(self):
        wait("the measurements to end", lambda: self.text("#race-go") == "Measure" and "×" in self.text("#ratio"))
        wait(
            "the lists, theaters and numbers",
            lambda: self.count("#top button") and self.count("#map .here") and self.text("#time-rows"),
        )
        wait("everything to be read", lambda: not self.count("[aria-busy=true]"))

    # ---- what is on it

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def find(self, css):
        return self.driver.find_element("css selector", css)

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def count(self, css):
        return len(self.all(css))

    def text(self, css):
        return self.js("return document.querySelector(arguments[0])?.textContent.trim() ?? ''", css)

    def texts(self, css):
        return self.js("return [...document.querySelectorAll(arguments[0])].map(n => n.textContent.trim())", css)

    def focused(self):
        return self.js("const n = document.activeElement; return n.id || n.textContent.trim() || n.tagName")

    # ---- what a person does

    def click(self, css):
        node = self.find(css)
        self.js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", node)
        node.click()

    def keys(self, *keys):
        """To whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def fill(self, css, text):
        node = self.find(css)
        node.clear()
        node.send_keys(text)

    # ---- what it did

    def watch(self):
        """Read the browser's logs: addresses asked for, complaints."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
        self.complaints += [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path, top=None, height=None, width=None):
        """A PNG of what is seen, or of a stretch of the page."""
        import base64

        asked = {"format": "png", "optimizeForSpeed": False}
        if height is not None:
            asked["captureBeyondViewport"] = True
            asked["clip"] = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", asked)["data"]))


def with_selenium(source):
    """Go on in the environment that has selenium, when this one has not; Skip when there is none."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        python = os.path.join(source, ".venv", "bin", "python")
        if not os.path.exists(python) or os.path.realpath(sys.prefix) == os.path.realpath(os.path.join(source, ".venv")):
            print("skipped: selenium is not installed (script/setup)")
            sys.exit(77)
        os.execv(python, [python, *sys.argv])
