// One entry, large: what is the matter with it, and what can be done.
"use strict";

const MAKERS = { hand: "a person", embedded: "the built-in detector", mediapipe: "MediaPipe" };

let queue = []; // the entries' ids in the order of the sheet when the detail was opened
let shown = null; // the id of the entry that is shown
let editor = null; // the landmark editor while it is open
let touched = false; // whether anything was changed in it

function openDetail(id) {
  queue = inOrder().map((entry) => entry.id);
  $("detail").showModal();
  showEntry(id);
}

function showEntry(id) {
  closeEditor();
  shown = id;
  const entry = review.entries[id];
  const bucket = bucketOf(entry);
  $("place").textContent = `${queue.indexOf(id) + 1} of ${queue.length}`;
  $("facts").innerHTML =
    `<div class="tag" style="--colour:${bucket.colour}"><i class="dot"></i>${bucket.title}, ` +
    `${entry.used ? "used" : "left out"}</div>${title(entry.name)}` +
    (entry.reason ? `<p class="why">${escape(sentence(entry.reason))}</p>` : "") +
    `<p class="why">${escape(bucket.advice)}</p><dl>${facts(entry).map(([word, value]) =>
      `<dt>${word}</dt><dd>${escape(value)}</dd>`).join("")}</dl>`;
  showTwin(entry);
  showActions(entry);
  showPicture(entry);
}

function title(name) {
  const parts = name.split("/");
  const file = parts.pop();
  return `<p class="path">${escape(parts.join("/"))}</p><h2>${escape(file)}</h2>`;
}

// The picture that looks the same, to compare.
function showTwin(entry) {
  const twin = entry.twin && review.entries.find((other) => other.name === entry.twin);
  if (!twin?.thumb) return;
  const button = document.createElement("button");
  button.className = "twin";
  button.innerHTML = `<img src="${twin.thumb}" alt=""><span>${title(twin.name)}</span>`;
  button.onclick = () => showEntry(twin.id);
  $("facts").append(button);
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function facts(entry) {
  const known = [];
  if (entry.size) known.push(["picture", `${entry.size[0]} × ${entry.size[1]}`]);
  if (entry.detector) known.push(["points by", MAKERS[entry.detector] ?? entry.detector]);
  if (entry.score !== null) known.push(["confidence", percent(entry.score)]);
  if (entry.yaw !== null) {
    const way = (value, plus, minus) =>
      Math.abs(value) < 3 ? "" : `${Math.abs(value).toFixed(0)}° ${value > 0 ? plus : minus}`;
    const pose = [way(entry.yaw, "to the right", "to the left"), way(entry.pitch, "up", "down")];
    known.push(["looks", pose.filter(Boolean).join(", ") || "straight ahead"]);
  }
  if (entry.by_hand) known.push(["decided by", "its landmark file"]);
  return known;
}

function showPicture(entry) {
  const stage = $("stage");
  if (!entry.picture) {
    stage.innerHTML = `<div class="nothing"><p>${escape(entry.name)} can't be shown.</p></div>`;
    return;
  }
  const [width, height] = entry.size;
  const room = stage.getBoundingClientRect();
  const scale = Math.min((room.width - 60) / width, (room.height - 60) / height);
  const w = width * scale, h = height * scale;
  const outlines = entry.faces.map((face, i) =>
    `<g class="${i || !entry.used ? "other" : "chosen"}">${lines(face.points)}</g>`);
  stage.innerHTML =
    `<div class="picture" style="left:${(room.width - w) / 2}px;top:${(room.height - h) / 2}px;` +
    `width:${w}px;height:${h}px"><img src="${entry.picture}" alt="${escape(entry.name)}">` +
    overlay(outlines.join("")) + (entry.faces.length > 1 ? entry.faces.map(choice).join("") : "") + "</div>";
  for (const button of stage.querySelectorAll(".choice")) {
    button.onclick = () => choose(Number(button.dataset.face));
  }
}

// A frame around a face that can be chosen.
function choice(face, i, all) {
  const xs = face.points.map((point) => point[0]), ys = face.points.map((point) => point[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [dx, dy] = [(x1 - x0) * 0.12, (y1 - y0) * 0.12];
  const share = (value) => `${(100 * value).toFixed(2)}%`;
  return `<button class="choice${i ? "" : " is-chosen"}" data-face="${i}" title="Use this face" ` +
    `style="left:${share(x0 - dx)};top:${share(y0 - dy)};width:${share(x1 - x0 + 2 * dx)};` +
    `height:${share(y1 - y0 + 2 * dy)}"><b>${fromLeft(all).indexOf(i) + 1}</b></button>`;
}

// The places of the faces from left to right: people count them so.
function fromLeft(faces) {
  const left = (face) => Math.min(...face.points.map((point) => point[0]));
  return faces.map((_, i) => i).sort((one, other) => left(faces[one]) - left(faces[other]));
}

function showActions(entry) {
  const place = $("actions");
  if (!review.live) {
    place.innerHTML = `<p>To fix it, run</p>${command()}`;
    return;
  }
  place.innerHTML = "";
  if (!entry.picture) return;
  if (entry.used && entry.detector !== "hand") {
    action("The points are right", "C", () => fixAndGoOn("confirm"), entry.bucket !== "good");
  }
  action("Place the points", "E", openEditor, entry.bucket === "no face");
  if (entry.bucket === "excluded") action("Bring it back", "X", () => fixAndStay("include"), true);
  else action("Exclude this picture", "X", () => fixAndGoOn("exclude"));
  if (entry.by_hand && entry.bucket !== "excluded") {
    action("Let the detector look again", "D", () => fixAndStay("forget"));
  }
  if (entry.faces.length > 1 && entry.bucket !== "excluded") {
    const hint = document.createElement("p");
    hint.innerHTML = "Click the frame of the right face, or press its number.";
    place.prepend(hint);
  }
}

function action(text, key, act, primary = false) {
  const button = document.createElement("button");
  button.innerHTML = `${text} <kbd>${key}</kbd>`;
  button.dataset.key = key.toLowerCase();
  button.onclick = act;
  button.classList.toggle("primary", primary);
  $("actions").append(button);
}

async function fixAndGoOn(what, more) {
  if (await fix(review.entries[shown], what, more)) step(1);
}

async function fixAndStay(what, more) {
  if (await fix(review.entries[shown], what, more)) showEntry(shown);
}

function choose(face) {
  const entry = review.entries[shown];
  if (entry.bucket !== "excluded" && face < entry.faces.length) fixAndStay("choose", { face });
}

function chooseNumber(number) {
  const faces = review.entries[shown].faces;
  if (faces.length > 1 && number <= faces.length) choose(fromLeft(faces)[number - 1]);
}

function step(by) {
  const at = queue.indexOf(shown) + by;
  if (at < 0 || at >= queue.length) $("detail").close();
  else showEntry(queue[at]);
}

async function openEditor() {
  const entry = review.entries[shown];
  const { LandmarkEditor } = await import("../web/landmark_editor.js");
  const host = document.createElement("div");
  host.className = "editor";
  $("stage").replaceChildren(host);
  editor = new LandmarkEditor(host, { onChange: () => (touched = true) });
  touched = false;
  editor.place({
    onNext: afterEditor(1) === null ? null : () => saveAndEdit(1),
    onPrevious: afterEditor(-1) === null ? null : () => saveAndEdit(-1),
    caption: $("place").textContent,
    note: "",
  });
  const used = entry.faces.slice(0, 1).map((face) => ({
    ...face,
    points: face.points.map(([x, y]) => [x * entry.size[0], y * entry.size[1]]),
  }));
  await editor.show(entry.full, entry.size, used);
  $("actions").innerHTML = "";
  action("Save the points", "Enter", saveEditor, true);
  action("Discard the changes", "Esc", () => showEntry(shown));
}

async function saveEditor() {
  if (await fix(review.entries[shown], "place", { faces: editor.faces })) showEntry(shown);
}

// The next entry on either side whose points can be placed; null if there is none.
function afterEditor(by) {
  for (let at = queue.indexOf(shown) + by; at >= 0 && at < queue.length; at += by) {
    if (review.entries[queue[at]].picture) return queue[at];
  }
  return null;
}

// From picture to picture without leaving the editor; what was changed is saved.
async function saveAndEdit(by) {
  const id = afterEditor(by);
  const changed = touched && { faces: editor.faces };
  if (changed && !(await fix(review.entries[shown], "place", changed))) return;
  showEntry(id);
  await openEditor();
}

function closeEditor() {
  editor?.destroy();
  editor = null;
}

function onKey(event) {
  const typing = !editor && event.target.matches("input, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (editor) { // the other keys are the editor's own
    if (key === "enter") saveEditor();
    if (key === "escape") showEntry(shown);
    if (key === "enter" || key === "escape") event.preventDefault();
    return;
  }
  if (key === "z") fix(null, "undo");
  if (key === "p") $("show-points").click();
  if (!$("detail").open) return;
  if (key === "arrowright") step(1);
  else if (key === "arrowleft") step(-1);
  else if (/^[1-9]$/.test(key)) chooseNumber(Number(key));
  else document.querySelector(`#actions button[data-key="${CSS.escape(key)}"]`)?.click();
}

$("detail").addEventListener("cancel", (event) => {
  if (editor) event.preventDefault(); // Esc leaves the editor first
});
$("previous").onclick = () => step(-1);
$("next").onclick = () => step(1);
$("close").onclick = () => $("detail").close();
window.addEventListener("resize", () => {
  if ($("detail").open && !editor) showPicture(review.entries[shown]);
});
