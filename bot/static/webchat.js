// The page works without this. With it, an answer is added to the page instead of a new page being loaded.
"use strict";
(() => {
  const form = document.getElementById("ask");
  const talk = document.getElementById("talk");
  const text = document.getElementById("text");
  const newsEvery = 20000;

  const bubble = (className, words) => {
    const box = document.createElement("div");
    box.className = className;
    if (className.includes("you")) {
      const who = document.createElement("span");
      who.className = "who";
      who.textContent = form.dataset.you;
      box.append(who);
    }
    const paragraph = document.createElement("p");
    paragraph.textContent = words;
    box.append(paragraph);
    talk.append(box);
    return box;
  };

  const append = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const added = holder.content.firstElementChild;
    talk.append(holder.content);
    if (added) added.scrollIntoView({ block: "start" });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const tapped = event.submitter && event.submitter.name === "tap" ? event.submitter : null;
    const words = tapped ? tapped.textContent.trim() : text.value.trim();
    if (!words) { text.focus(); return; }
    const body = new URLSearchParams({ fragment: "1" });
    if (tapped) body.set("tap", tapped.value); else body.set("text", text.value);
    bubble("bubble you", words);
    if (!tapped) text.value = "";
    const waiting = bubble("waiting", form.dataset.waiting);
    waiting.scrollIntoView({ block: "end" });
    try {
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      waiting.remove();
      if (answer.status === 200) append(await answer.text());
      else if (answer.status !== 204) throw new Error(String(answer.status));
    } catch {
      waiting.remove();
      bubble("bubble rutan caution waiting", form.dataset.offline);
      if (!tapped && !text.value) text.value = words;
    }
    if (!tapped) text.focus({ preventScroll: true });
  });

  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit(form.querySelector(".send"));
    }
  });

  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/chat/news", { credentials: "same-origin" });
      if (answer.status === 200) append(await answer.text());
    } catch { /* offline: the next look will tell */ }
  }, newsEvery);
})();
