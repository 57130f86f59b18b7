// Keeps a page up to date: asks whether its content is another by now, and puts the new one into its place.
// Scroll, focus, what is typed and what is folded open stay as they are.
"use strict";
(() => {
  const page = document.documentElement;
  // A page for everybody asks seldom.
  const every = Number(page.dataset.every || 1500), lostAfter = every + 3500, answersWithin = 4000;
  const clock = document.getElementById("clock"), lost = document.getElementById("lost");
  let mark = page.dataset.mark, answeredAt = performance.now(), time = clock.textContent;

  function isAlive(answer) {
    answeredAt = performance.now();
    time = answer.headers.get("Healthmon-Time") || time;
    page.classList.remove("is-lost");
    lost.hidden = true;
    tick();
  }

  function isLost(words) {
    if (performance.now() - answeredAt < lostAfter && !words) return;
    page.classList.add("is-lost");
    lost.textContent = lost.dataset.words.replace("{time}", time) + (words ? " " + words : "");
    lost.hidden = false;
  }

  async function look() {
    const beganAt = performance.now();
    try {
      const answer = await fetch(location.href, {
        headers: {"If-None-Match": `"${mark}"`}, cache: "no-store", redirect: "manual",
        signal: AbortSignal.timeout(answersWithin),
      });
      if (answer.status === 304) isAlive(answer);
      // The session has ended: the page leads to where one logs in.
      else if (answer.type === "opaqueredirect") return location.reload();
      else if (answer.ok) { take(await answer.text()); isAlive(answer); }
      else isLost(answer.status + "");
    } catch {
      isLost("");
    }
    // From question to question, however long the answer took.
    setTimeout(look, Math.max(every - (performance.now() - beganAt), 200));
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    // Another version of healthmon has other styles and scripts.
    if (fresh.documentElement.dataset.build !== page.dataset.build) return location.reload();
    const focused = document.activeElement;
    document.title = fresh.title;
    mark = fresh.documentElement.dataset.mark;
    renew(document.getElementById("main"), fresh.getElementById("main"));
    if (focused !== document.activeElement && focused.isConnected) focused.focus({preventScroll: true});
  }

  function renew(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    // What the reader has folded open stays open, a button that works stays to be seen, and what is drawn is drawn.
    const mine = name => name === "open" || name === "data-drawn" || (name === "hidden" && old.nodeName === "BUTTON");
    for (const {name} of [...old.attributes]) if (!mine(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const {name, value} of fresh.attributes)
      if (!mine(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    renewChildren(old, fresh);
  }

  function renewChildren(old, fresh) {
    const keyOf = node => node.dataset && node.dataset.key;
    const keyed = new Map([...old.children].filter(keyOf).map(node => [keyOf(node), node]));
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const key = keyOf(next);
      const same = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
      if (!same) { old.insertBefore(next, at); continue; }
      if (same === at) at = at.nextSibling;
      else old.insertBefore(same, at);
      renew(same, next);
    }
    while (at) { const gone = at; at = at.nextSibling; if (!gone.dataset || gone.dataset.mine === undefined) gone.remove(); }
  }

  // The clock goes on only while somebody answers.
  function tick() {
    const [hours, minutes, seconds] = time.split(":").map(Number);
    const passed = Math.floor((performance.now() - answeredAt) / 1000);
    const now = (hours * 3600 + minutes * 60 + seconds + passed) % 86400;
    const two = number => String(number).padStart(2, "0");
    clock.textContent = `${two(Math.floor(now / 3600))}:${two(Math.floor(now / 60) % 60)}:${two(now % 60)}`;
  }

  // Copying needs a script; without one a click marks all of the text.
  for (const button of document.querySelectorAll("button.copy")) button.hidden = !navigator.clipboard;
  document.addEventListener("click", async event => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = button.dataset.done;
  });

  // A page that is no view of anything has nothing to keep fresh.
  if ("stays" in page.dataset) return;
  setInterval(() => { if (performance.now() - answeredAt < lostAfter) tick(); else isLost(""); }, 500);
  setTimeout(look, every);
})();
