// The sheet: all files in their buckets, the least sure first. window.REVIEW holds what is known;
// with REVIEW.live the page is served by `tps-portrait bank --review` and fixes can be made.
"use strict";

const review = window.REVIEW;
const $ = (id) => document.getElementById(id);
const SETTLED_BUCKETS = ["good", "excluded", "not a picture"]; // buckets in which nothing is to be done
const OUTLINES = [ // of iBUG's 68 points; true where the line is closed
  [0, 17, false], [17, 22, false], [22, 27, false], [27, 31, false], [31, 36, false],
  [36, 42, true], [42, 48, true], [48, 60, true], [60, 68, true],
];

function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// The outline through 68 points, in 0…1, as an SVG path in 0…1000 (text is shorter without commas).
function outline(points) {
  const at = ([x, y]) => `${Math.round(x * 1000)} ${Math.round(y * 1000)}`;
  return OUTLINES.map(([from, to, closed]) =>
    `M${points.slice(from, to).map(at).join("L")}${closed ? "Z" : ""}`).join("");
}

// Its lines twice, the lower ones dark, so that they show on white paper too.
function lines(points) {
  const path = outline(points);
  return `<path class="under" d="${path}"/><path d="${path}"/>`;
}

function overlay(content) {
  return `<svg class="points" viewBox="0 0 1000 1000" preserveAspectRatio="none">${content}</svg>`;
}

function bucketOf(entry) {
  return review.buckets.find((bucket) => bucket.key === entry.bucket);
}

// The entries in the order of the sheet.
function inOrder(key) {
  return review.entries
    .filter((entry) => !key || entry.bucket === key)
    .sort((one, other) => rank(one) - rank(other) || (one.score ?? 1) - (other.score ?? 1));
}

function rank(entry) {
  return review.buckets.findIndex((bucket) => bucket.key === entry.bucket);
}

function card(entry) {
  let face;
  if (entry.thumb) {
    face = `<img src="${entry.thumb}" alt="" loading="lazy">` +
      overlay(lines(entry.points));
  } else if (entry.picture) {
    face = `<img src="${entry.picture}" alt="" loading="lazy">`;
  } else {
    const ending = /\.(\w{1,5})$/.exec(entry.name);
    face = `<span class="file"><i>${ending ? escape(ending[1].toUpperCase()) : "?"}</i></span>`;
  }
  const many = entry.faces.length > 1 ? `<span class="count">${entry.faces.length} faces</span>` : "";
  const score = entry.score === null ? "" : `<b>${percent(entry.score)}</b>`;
  const reason = entry.reason ? `<span class="reason">${escape(entry.reason)}</span>` : "";
  return `<button class="card${entry.bucket === "excluded" ? " is-excluded" : ""}" data-id="${entry.id}" ` +
    `title="${escape(entry.name + (entry.reason ? "\n" + entry.reason : ""))}">` +
    `<span class="face">${face}${many}</span><span class="words"><span class="name">` +
    `<span>${escape(entry.name.split("/").at(-1))}</span>${score}</span>${reason}</span></button>`;
}

function percent(score) {
  return `${Math.floor(score * 100)} %`;
}

function showAll() {
  const total = review.entries.length;
  const used = review.entries.filter((entry) => entry.used).length;
  const open = review.entries.filter((entry) => !SETTLED_BUCKETS.includes(entry.bucket)).length;
  $("summary").innerHTML = `<b>${used}</b> of ${total} files are ready to train with` +
    (open ? `, <b>${open}</b> to review` : ". All are reviewed.");
  const filled = review.buckets.filter((bucket) => inOrder(bucket.key).length);
  const count = (bucket) => inOrder(bucket.key).length;
  const style = (bucket) => `style="--colour:${bucket.colour}"`;
  $("buckets").innerHTML =
    `<div class="bar">${filled.map((b) =>
      `<span ${style(b)} data-share="${count(b)}" title="${b.title}: ${count(b)}"></span>`).join("")}</div>` +
    `<div class="chips">${filled.map((b) => `<a href="#${slug(b)}" ${style(b)}>` +
      `<i class="dot"></i>${b.title} <b>${count(b)}</b></a>`).join("")}</div>`;
  for (const part of $("buckets").querySelectorAll(".bar span")) part.style.flex = part.dataset.share;
  $("sections").innerHTML = filled.map((bucket) =>
    `<section class="bucket" id="${slug(bucket)}" ${style(bucket)}><h2><i class="dot"></i>` +
    `${bucket.title} <small>${count(bucket)} ${bucket.used ? "used" : "left out"}</small></h2>` +
    `<p>${escape(bucket.advice)}</p>` +
    `<div class="grid">${inOrder(bucket.key).map(card).join("")}</div></section>`).join("");
  showPoses($("poses"), review.entries, review.photos, openDetail);
}

function slug(bucket) {
  return bucket.key.replaceAll(" ", "-");
}

function command() {
  return `<code>${escape(review.command).replace(" --review", ' <span class="whole">--review</span>')}</code>`;
}

function showHow() {
  $("how").innerHTML = review.live
    ? `<h2>How to work through it</h2><ol>
       <li>Click a picture, from the top of the sheet on.</li>
       <li>Do the green lines lie on brows, eyes, nose, mouth and outline? <kbd>C</kbd> says yes,
           <kbd>E</kbd> lets you place them, <kbd>X</kbd> excludes the picture.</li>
       <li>Of several faces choose one by its number, <kbd>1</kbd>, <kbd>2</kbd> …</li>
       <li><kbd>Z</kbd> undoes the last fix, <kbd>P</kbd> hides the lines,
           <kbd>←</kbd> <kbd>→</kbd> turn the pages.</li>
       <li>Press Done.</li></ol>
       <p>Pictures are never changed. What you decide lies in a small file beside each,
       <code>name.landmarks.json</code>, and holds for every later training.</p>`
    : `<h2>How to fix something</h2><p>This page shows; it changes nothing. To exclude pictures,
       choose faces and place points, run</p><p>${command()}</p>
       <p>or take pictures out of the folder, and build the bank again.</p>`;
}

let toastTimer;
function toast(text, { undo = false, error = false } = {}) {
  $("toast").className = `is-shown${error ? " is-error" : ""}`;
  $("toast").textContent = text;
  if (undo) {
    const button = document.createElement("button");
    button.textContent = "Undo";
    button.onclick = () => fix(null, "undo");
    $("toast").append(button);
  }
  // In a dialog nothing outside of it is visible.
  ($("detail").open ? $("detail") : document.body).append($("toast"));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => $("toast").classList.remove("is-shown"), error ? 9000 : 5000);
}

let busy = false;
// Asks the server for a fix; true if it was made.
async function fix(entry, action, more = {}) {
  if (!review.live || busy) return false;
  busy = true;
  document.body.style.cursor = "progress";
  try {
    const answer = await post("fix", { name: entry?.name ?? "", action, ...more });
    for (const changed of answer.entries) review.entries[changed.id] = changed;
    $("undo").disabled = !answer.can_undo;
    const y = window.scrollY;
    showAll();
    window.scrollTo(0, y);
    toast(answer.message, { undo: action !== "undo" });
    if ($("detail").open && action === "undo") showEntry(answer.id);
    return true;
  } catch (error) {
    toast(error.message, { error: true });
    return false;
  } finally {
    busy = false;
    document.body.style.cursor = "";
  }
}

async function post(place, body) {
  let answer;
  try {
    answer = await fetch(place, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The review has ended. Run the command again to go on.");
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function finish() {
  try {
    const answer = await post("finish", {});
    document.body.innerHTML =
      `<div class="done"><div><h1>The review is done.</h1><p>${escape(answer.message)}</p></div></div>`;
  } catch (error) {
    toast(error.message, { error: true });
  }
}

function start() {
  document.body.classList.toggle("is-live", review.live);
  document.title = `Face bank review: ${review.folder}`;
  $("folder").textContent = review.folder;
  $("folder").title = review.folder;
  $("show-points").onchange = (event) =>
    document.body.classList.toggle("no-points", !event.target.checked);
  $("card-size").oninput = (event) =>
    document.documentElement.style.setProperty("--card", `${event.target.value}px`);
  $("undo").onclick = () => fix(null, "undo");
  $("finish").onclick = finish;
  $("sections").onclick = (event) => {
    const clicked = event.target.closest(".card");
    if (clicked) openDetail(Number(clicked.dataset.id));
  };
  document.addEventListener("keydown", onKey);
  showHow();
  showAll();
}

document.addEventListener("DOMContentLoaded", start);
