// What htmx does not do: say when the page stands still or a part did not come, print, and submit a filter as it is chosen.
"use strict";
(() => {
  const stale = () => document.getElementById("stale");
  const standing = (still) => {
    const line = stale();
    if (line) line.hidden = !still;
    document.getElementById("live")?.classList.toggle("still", still);
  };
  const unread = (event) => {
    const later = event.target instanceof Element && event.target.closest("[data-later]");
    later?.querySelector(".waiting")?.setAttribute("hidden", "");
    later?.querySelector(".unread")?.removeAttribute("hidden");
  };
  document.addEventListener("htmx:error", (event) => {
    standing(true);
    unread(event);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const status = event.detail?.ctx?.response?.raw?.status ?? event.detail?.ctx?.response?.status;
    if (status !== undefined) standing(status >= 400);
    if (status >= 400) unread(event);
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("change", (event) => {
    const form = event.target instanceof Element && event.target.closest("form[data-at-once]");
    if (!form) return;
    const { window: named, from, to } = form.elements;
    if (event.target.matches("[data-custom]")) named.value = "";
    if (named.value !== "" || (from.value && to.value)) form.requestSubmit();
  });
})();
