// Keys for those who decide many cases; everything works without them. Nothing happens while somebody is typing.
"use strict";

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    const links = [...document.querySelectorAll(".case .open")];
    const here = links.findIndex((link) => link.closest(".case").contains(document.activeElement));
    const next = here < 0 ? (key === "j" ? 0 : links.length - 1) : here + (key === "j" ? 1 : -1);
    if (links[next]) links[next].focus();
    return;
  }
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("a, button")) target.click();
  else {
    target.focus();
    if (target.type === "radio") target.checked = true;
  }
});

// Back at the top of what went wrong.
addEventListener("DOMContentLoaded", () => {
  const trouble = document.getElementById("trouble");
  if (trouble) {
    trouble.tabIndex = -1;
    trouble.focus();
  }
});
