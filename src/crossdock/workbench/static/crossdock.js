// Small conveniences; every page works without them.
"use strict";

// The first visit: show times in the zone of this device.
(function () {
  const form = document.getElementById("zone-form");
  if (!form || document.cookie.includes("crossdock_zone=")) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || form.elements.zone.value === zone || sessionStorage.getItem("zone-asked")) return;
  sessionStorage.setItem("zone-asked", "1");
  const body = new FormData(form);
  body.set("zone", zone);
  fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" }).then(function () {
    if (!document.querySelector("form.stack input:focus, textarea:focus")) form.elements.zone.value = zone;
  });
})();

// A second click on a button that does something is not a second order.
document.addEventListener("submit", function (event) {
  const form = event.target;
  if (form.method !== "post" || form.dataset.again !== undefined) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(function () { delete form.dataset.sent; }, 5000);
});
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
});

// Keyboard: "/" goes to the search field, "g" then a digit to an entry of the navigation.
let waiting = false;
document.addEventListener("keydown", function (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
  } else if (event.key === "g") {
    waiting = true;
    setTimeout(function () { waiting = false; }, 1500);
  } else if (waiting && /^[1-9]$/.test(event.key)) {
    const entry = document.querySelectorAll("nav.main a")[Number(event.key) - 1];
    if (entry) entry.click();
  }
});
