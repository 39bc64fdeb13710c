// Shows the document that the page sends. Its scripts never run: what DOMParser makes is inert, and the frame's policy allows files of the server alone.
"use strict";
addEventListener("message", event => {
  if (event.source !== parent || typeof event.data?.html !== "string") return;
  const shown = new DOMParser().parseFromString(event.data.html, "text/html");
  document.title = shown.title;
  document.head.append(...shown.head.querySelectorAll("style"));
  document.body.replaceWith(shown.body);
}, { once: true });
