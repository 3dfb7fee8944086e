// The page works without this. With it, an answer is added to the page instead of a new page being loaded.
"use strict";
(() => {
  const able = "SubmitEvent" in window && "submitter" in SubmitEvent.prototype
    && "requestSubmit" in HTMLFormElement.prototype && "timeout" in AbortSignal;
  if (!able) return; // an old browser sends the form itself

  const form = document.getElementById("ask");
  const talk = document.getElementById("talk");
  const text = document.getElementById("text");
  const picture = document.getElementById("picture");
  const status = document.getElementById("status");
  const newsEvery = 20000;
  const newsSoon = 1500;
  const patience = 30000;
  // One letter more than the server takes: enough for it to say so, without sending megabytes.
  const longest = 20001;
  form.classList.add("able");
  picture.classList.add("unseen");
  let asking = 0;
  let previous = Promise.resolve();

  const copy = (name) => document.getElementById(name).content.cloneNode(true);

  const showOwn = (words) => {
    const bubble = copy("you");
    bubble.querySelector("p").textContent = words;
    talk.append(bubble);
    talk.lastElementChild.scrollIntoView({ block: "end" });
  };

  // An answer is shown from its beginning and read out once: by the focus, or, when somebody is already typing the
  // next question, by the status line.
  const showAnswer = (bubbles) => {
    const first = bubbles.querySelector("article");
    talk.append(bubbles);
    if (!first) return;
    const typing = document.activeElement === text && text.value !== "";
    status.className = "unseen";
    if (typing) status.textContent = first.getAttribute("aria-label");
    else first.focus({ preventScroll: true });
    first.scrollIntoView({ block: "start" });
  };

  const parsed = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  };

  const lookForNews = async () => {
    const answer = await fetch("/chat/news", { signal: AbortSignal.timeout(patience) });
    if (answer.status === 200) showAnswer(parsed(await answer.text()));
  };

  const ask = async (body) => {
    status.className = "";
    status.textContent = body instanceof FormData ? form.dataset.reading : form.dataset.waiting;
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(patience) });
      // 429 is an answer as well: it says kindly to wait.
      if (![200, 204, 429].includes(answer.status)) throw new Error(String(answer.status));
      const html = await answer.text();
      status.textContent = "";
      if (html) showAnswer(parsed(html));
      else setTimeout(() => lookForNews().catch(() => {}), newsSoon);
    } catch {
      status.textContent = "";
      showAnswer(copy("offline"));
      if (!text.value) text.value = body.get("text") ?? "";
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const tapped = event.submitter && event.submitter.name === "tap" ? event.submitter : null;
    // A second tap while the first is being answered is a trembling finger.
    if (tapped && asking) return;
    const words = tapped ? tapped.textContent.trim() : text.value.trim();
    if (!words) { text.focus(); return; }
    const body = new URLSearchParams({ fragment: "1" });
    if (tapped) body.set("tap", tapped.value);
    else { body.set("text", text.value.slice(0, longest)); text.value = ""; }
    showOwn(words);
    asking += 1;
    previous = previous.then(() => ask(body)).finally(() => { asking -= 1; });
  });

  // A picture is sent as soon as it is chosen, with what stands in the box beside it.
  picture.addEventListener("change", () => {
    const file = picture.files[0];
    if (!file) return;
    const body = new FormData();
    body.set("fragment", "1");
    body.set("text", text.value.slice(0, longest));
    body.set("picture", file);
    showOwn(`🖼 ${text.value.trim() || file.name}`);
    text.value = "";
    picture.value = "";
    asking += 1;
    previous = previous.then(() => ask(body)).finally(() => { asking -= 1; });
  });

  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit(form.querySelector(".send"));
    }
  });

  setInterval(() => {
    if (!document.hidden && !asking) lookForNews().catch(() => {}); // offline: the next look will tell
  }, newsEvery);
})();
