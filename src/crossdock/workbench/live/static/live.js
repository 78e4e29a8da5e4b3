// Live parts: an element with data-live="URL" gets its content again when the server says that it has changed.
// Without this script, or when the connection ends for good, the page is right when it is loaded again.
"use strict";
document.querySelectorAll("[data-live]").forEach(function (place) {
  const status = document.getElementById("live-status");
  let waiting = null;
  let tries = 0;

  function busy(element) {
    const active = document.activeElement;
    return element.contains(active) && active.matches("input, textarea, select, button");
  }
  function show(part) {
    const element = document.getElementById(part.id);
    if (!element || document.hidden || busy(element)) { waiting = part; return; }
    waiting = null;
    const focused = element.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const open = Array.from(element.querySelectorAll("details[open][id]"), function (each) { return each.id; });
    element.innerHTML = part.html;
    open.forEach(function (id) { const each = document.getElementById(id); if (each) each.open = true; });
    if (focused) {
      const link = Array.from(element.querySelectorAll("a[href]")).find(function (each) { return each.getAttribute("href") === focused; });
      if (link) link.focus();
    }
    if (status) { status.dataset.state = "live"; status.textContent = status.dataset.updated + " " + new Date().toLocaleTimeString(document.documentElement.lang); }
  }
  function connect() {
    const source = new EventSource(place.dataset.live);
    source.addEventListener("part", function (event) { tries = 0; show(JSON.parse(event.data)); });
    source.addEventListener("open", function () { if (status && status.dataset.state !== "live") { status.dataset.state = "live"; status.textContent = status.dataset.on; } });
    source.addEventListener("error", function () {
      if (source.readyState !== EventSource.CLOSED) return;  // the browser comes back by itself
      tries += 1;
      if (tries <= 5) { setTimeout(connect, 1000 * (5 * tries + 10 * Math.random())); return; }  // the hub restarts, or is busy
      if (status) { status.dataset.state = "ended"; status.textContent = status.dataset.ended; }
    });
  }
  connect();
  document.addEventListener("visibilitychange", function () { if (!document.hidden && waiting) show(waiting); });
  document.addEventListener("focusout", function () { setTimeout(function () { if (waiting) show(waiting); }, 0); });
});
