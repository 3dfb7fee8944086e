// Everything works without this. It asks once more before what cannot be undone, and stops a form from being sent twice.
"use strict";

addEventListener("submit", (event) => {
  const form = event.target;
  const question = (event.submitter && event.submitter.dataset.ask) || form.dataset.ask;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  }
});

// Coming back with the browser's arrow, a form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
