// The scatter plot: how the heads of the art are turned, against those of the photos.
"use strict";

const PLOT = { width: 300, height: 250, left: 8, right: 8, top: 18, bottom: 20, yaw: 65, pitch: 36 };
const NEAR_DEGREES = 12; // degrees within which an art face shows a photo's pose

function showPoses(panel, entries, photos, open) {
  const art = entries.filter((entry) => entry.used && entry.yaw !== null);
  const legend = [`<span style="--colour:var(--accent)"><i class="dot"></i>art, ${art.length}</span>`];
  if (photos) {
    legend.push(`<span style="--colour:#6fb4ff"><i class="dot"></i>photos, ${photos.length}</span>`);
  }
  panel.innerHTML =
    `<h2>Where the heads look</h2><div class="legend">${legend.join("")}</div>` +
    plot(art, photos ?? []) +
    coverage(art, photos).map((sentence) => `<p>${sentence}</p>`).join("");
  for (const dot of panel.querySelectorAll(".art")) {
    dot.addEventListener("click", () => open(Number(dot.dataset.id)));
  }
}

function plot(art, photos) {
  const { width, height, left, right, top, bottom, yaw, pitch } = PLOT;
  const x = (value) => left + ((clamp(value, yaw) + yaw) / (2 * yaw)) * (width - left - right);
  const y = (value) => top + ((pitch - clamp(value, pitch)) / (2 * pitch)) * (height - top - bottom);
  const lines = [-40, -20, 0, 20, 40].map(
    (at) => `<line class="axis" x1="${x(at)}" x2="${x(at)}" y1="${top}" y2="${height - bottom}"/>` +
      `<text x="${x(at)}" y="${height - 5}" text-anchor="middle">${at ? Math.abs(at) + "°" : "0"}</text>`);
  for (const at of [-20, 0, 20]) {
    lines.push(`<line class="axis" x1="${left}" x2="${width - right}" y1="${y(at)}" y2="${y(at)}"/>`);
  }
  const words =
    `<text x="${left + 2}" y="${y(0) - 5}">← left</text>` +
    `<text x="${width - right - 2}" y="${y(0) - 5}" text-anchor="end">right →</text>` +
    `<text x="${x(0)}" y="11" text-anchor="middle">looks up</text>` +
    `<text x="${x(0) + 5}" y="${height - bottom - 4}">down</text>`;
  const dots =
    photos.map(([a, b]) => `<circle class="photo" cx="${x(a)}" cy="${y(b)}" r="2.6"/>`).join("") +
    art.map((entry) => `<circle class="art" data-id="${entry.id}" cx="${x(entry.yaw)}" ` +
      `cy="${y(entry.pitch)}" r="3.4"><title>${escape(entry.name)}</title></circle>`).join("");
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="Yaw and pitch of the faces">${lines.join("")}${words}${dots}</svg>`;
}

// What the plot shows, in sentences, with what to do.
function coverage(art, photos) {
  if (!art.length) return ["No face of the art can be used yet."];
  if (!photos) {
    return ["Each dot is a face; click it to see it. Whether the art shows the poses of your photos, " +
      "<code>tps-portrait bank --review --photos FOLDER</code> shows."];
  }
  if (!photos.length) return ["There is no face in the photos."];
  const missed = photos.filter((photo) =>
    !art.some((entry) => Math.hypot(entry.yaw - photo[0], entry.pitch - photo[1]) <= NEAR_DEGREES));
  if (!missed.length) return ["The art shows every pose of the photos. No action needed."];
  const share = Math.max(1, Math.round((100 * missed.length) / photos.length));
  const missing = [
    ["to the left", missed.filter(([a]) => a < -NEAR_DEGREES).length],
    ["to the right", missed.filter(([a]) => a > NEAR_DEGREES).length],
    ["upwards", missed.filter(([, b]) => b > NEAR_DEGREES).length],
    ["downwards", missed.filter(([, b]) => b < -NEAR_DEGREES).length],
    ["straight ahead", missed.filter(([a, b]) => Math.max(Math.abs(a), Math.abs(b)) <= NEAR_DEGREES).length],
  ].sort((one, other) => other[1] - one[1]);
  return [
    `${missed.length} of ${photos.length} photos (${share} %) look where no art does, ` +
      `most of them ${missing[0][0]}.`,
    share <= 5
      ? "So few do no harm."
      : `Add art with heads turned ${missing[0][0]}, or the style will guess there.`,
  ];
}

function clamp(value, most) {
  return Math.max(-most, Math.min(most, value));
}
