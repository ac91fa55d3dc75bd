# SPDX-License-Identifier: BSD-3-Clause
"""A headless Chromium, driven through a pipe by its debugging protocol."""

import base64
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

DEADLINE_S = 20
OPTIONS = ("--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
           "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--no-default-browser-check", "--hide-scrollbars", "--force-color-profile=srgb")
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowRight": (39, ""),
        "ArrowLeft": (37, ""), "Home": (36, ""), "End": (35, "")}

# Every visible text, with the contrast of its colour to its background (WCAG 2.1).
CONTRASTS = r"""
(() => {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync("* { pointer-events: all !important }");
	document.adoptedStyleSheets = [sheet];
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
	const light = (c) => {
		const [r, g, b] = c.map((v) => v / 255)
			.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const paper = rgba(getComputedStyle(document.body).backgroundColor).slice(0, 3);
	const layer = (element) => {
		const style = getComputedStyle(element);
		if (!(element instanceof SVGElement)) {
			return rgba(style.backgroundColor);
		}
		if (element.matches("text, tspan, g, svg, line, use") || style.fill === "none") {
			return [0, 0, 0, 0];
		}
		const [r, g, b, a] = rgba(style.fill);
		return [r, g, b, a * style.fillOpacity * style.opacity];
	};
	const behind = (element, x, y) => {
		const style = getComputedStyle(element);
		if (element instanceof SVGElement && style.stroke !== "none" && parseFloat(style.strokeWidth) >= 3) {
			return rgba(style.stroke).slice(0, 3);
		}
		const layers = document.elementsFromPoint(x, y)
			.filter((e) => e === element || !element.contains(e)).map(layer);
		return layers.reverse().reduce((under, one) => over(one, under), paper);
	};
	const found = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const text = walker.currentNode.textContent.trim();
		const element = walker.currentNode.parentElement;
		const range = document.createRange();
		range.selectNodeContents(walker.currentNode);
		const box = range.getBoundingClientRect();
		if (!text || box.width < 2 || !element.checkVisibility({ checkVisibilityCSS: true })
				|| element.closest("option, script, style")) {
			continue;
		}
		const style = getComputedStyle(element);
		const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
		const under = behind(element, box.x + box.width / 2, box.y + box.height / 2);
		const [low, high] = [light(over(ink, under)), light(under)].sort((a, b) => a - b);
		found.push({ text: text.slice(0, 40), ratio: (high + 0.05) / (low + 0.05) });
	}
	document.adoptedStyleSheets = [];
	return found;
})()
"""


class Failed(Exception):
    """The browser says that it cannot."""


class Browser:
    """One page in a browser of its own."""

    def __init__(self):
        self._numbers = itertools.count(1)
        self._rest, self._session = b"", None
        self.requests, self.problems = [], []
        self._directory = tempfile.mkdtemp(prefix="timesync-browser-")
        reading, theirs_out = os.pipe()
        theirs_in, self._writing = os.pipe()
        self._reading = reading
        # The protocol's descriptors are 3 and 4. dash knows no descriptor above 9 here.
        command = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", "chromium", *OPTIONS,
             f"--user-data-dir={self._directory}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out), start_new_session=True,
            env={**os.environ, "HOME": self._directory})
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target,
                                     flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.command(f"{domain}.enable")

    def close(self):
        """End it, and all processes that it has started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        os.close(self._reading)
        os.close(self._writing)
        shutil.rmtree(self._directory, ignore_errors=True)

    # --- the protocol ---

    def _messages(self, deadline):
        """The next messages."""
        while b"\0" not in self._rest:
            if not select.select([self._reading], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed("no answer from the browser")
            octets = os.read(self._reading, 1 << 20)
            if not octets:
                raise Failed("the browser has ended")
            self._rest += octets
        *whole, self._rest = self._rest.split(b"\0")
        return [json.loads(message) for message in whole]

    def _note(self, message):
        """Note what the page asks for and what goes wrong there."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def command(self, method, **params):
        """Give a command. What comes of it."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_S
        answer = None
        while answer is None:
            for got in self._messages(deadline):
                if got.get("id") == number:
                    answer = got
                else:
                    self._note(got)
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        return answer["result"]

    # --- the page ---

    def evaluate(self, expression):
        """The value of an expression in the page."""
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True,
                              awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failed(f"{expression[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression, what, within=DEADLINE_S):
        """Wait until an expression is true; its value."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.05)
        shown = self.evaluate("document.body.innerText")
        raise Failed(f"{what}: not within {within} s; the page shows:\n{shown}\n{self.problems}")

    def open(self, url):
        """Go to a page."""
        self.command("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'",
                   f"{url} is there")

    def size(self, width, height=900):
        """How large the window is."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        """Whether the user prefers "light" or "dark"."""
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": name}])

    def too_wide(self):
        """By how many pixels the page is wider than the window."""
        return self.evaluate("document.scrollingElement.scrollWidth - innerWidth")

    def poor_contrasts(self, least=4.5):
        """The texts of a contrast below the least; and how many texts there are."""
        width = self.evaluate("innerWidth")
        self.size(width, self.evaluate("document.scrollingElement.scrollHeight"))
        found = self.evaluate(CONTRASTS)
        self.size(width)
        return [f for f in found if f["ratio"] < least], len(found)

    def screenshot(self, path):
        """The whole page as PNG."""
        taken = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(taken["data"]))

    # --- the user ---

    def click(self, selector):
        """Click on the middle of an element, as a mouse does."""
        x, y = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                         clickCount=1)

    def press(self, key):
        """Press a key."""
        code, text = KEYS[key]
        common = {"key": key, "code": "Space" if key == " " else key,
                  "windowsVirtualKeyCode": code}
        self.command("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown",
                     **common, **({"text": text} if text else {}))
        self.command("Input.dispatchKeyEvent", type="keyUp", **common)

    def tab_to(self, selector, most=80):
        """Press Tab until an element has the focus."""
        wanted = f"document.activeElement?.matches({json.dumps(selector)}) ?? false"
        for _ in range(most):
            if self.evaluate(wanted):
                return
            self.press("Tab")
        raise Failed(f"{selector} is not reached by {most} presses of Tab")
