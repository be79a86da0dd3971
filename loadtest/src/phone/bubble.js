// One message as a bubble.

import { el, formatted, onlyEmoji, plain, time, words } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  sent: ["M2 8.5 6 12.5 14 3.5"],
  delivered: ["M1 8.5 5 12.5 13 3.5", "M8.2 11.8 9 12.5 17 3.5"],
};

const ticks = (status, language) => {
  if (status === "failed") return el("span", { class: "tick failed", role: "img", "aria-label": words(language).failed }, "!");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 18 16");
  svg.setAttribute("class", `tick ${status}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", status);
  for (const d of PATHS[status === "sent" ? "sent" : "delivered"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
};

const meta = (message, language) => {
  const own = message.from === "customer";
  return el(
    "span",
    { class: "meta" },
    el("time", { datetime: message.at }, time(message.at)),
    own && ticks(message.status, language),
  );
};

const quote = (message, phone) => {
  const { reply_to: to } = message;
  if (!to) return null;
  const who = to.from === "customer" ? words(phone.language).you : phone.business().name;
  return el(
    "button",
    { type: "button", class: `quote ${to.from}`, onclick: () => phone.show(to.n) },
    el("b", {}, who),
    el("span", {}, plain(to.text)),
  );
};

const picture = (link, alt) => {
  const image = el("img", { class: "picture", src: link, alt, loading: "lazy", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "picture missing", role: "img", "aria-label": alt }, "🖼")));
  return image;
};

const place = ({ latitude, longitude, name, address }, language) => {
  const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=15/${latitude}/${longitude}`;
  const where = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
  return el(
    "a",
    { class: "place", href, target: "_blank", rel: "noopener noreferrer" },
    el("span", { class: "map", "aria-hidden": "true" }, el("span", { class: "pin" })),
    el("span", { class: "where" }, el("b", {}, name ?? words(language).location), el("small", {}, address ?? where)),
  );
};

const header = ({ header: head }) => {
  if (!head) return null;
  if (head.type === "text") return el("strong", { class: "head" }, head.text);
  if (head.type === "image") return picture(head.link, "");
  return el("a", { class: "file", href: head.link, target: "_blank", rel: "noopener noreferrer" }, `📄 ${head.link.split("/").pop()}`);
};

const media = (message, language) => {
  if (!message.media) return null;
  if (message.type === "image" || message.type === "sticker") return picture(message.media.link, message.text || words(language).image);
  if (message.type === "video") return el("video", { class: "picture", src: message.media.link, controls: true, preload: "metadata" });
  if (message.type === "audio") return el("audio", { src: message.media.link, controls: true, preload: "metadata" });
  const name = message.media.filename ?? message.media.link.split("/").pop();
  return el("a", { class: "file", href: message.media.link, target: "_blank", rel: "noopener noreferrer" }, `📄 ${name}`);
};

const actions = (message, phone) => {
  const made = [];
  const action = (label, icon, onclick) =>
    made.push(el("button", { type: "button", class: "action", onclick }, icon && el("span", { class: `icon ${icon}`, "aria-hidden": "true" }), label));
  if (message.from === "customer") return null;
  for (const { id, title } of message.buttons ?? []) action(title, "reply", () => phone.tap(message, id));
  if (message.list_button) action(message.list_button, "list", (event) => phone.openList(message, event.currentTarget));
  if (message.type === "location_request_message")
    action(words(phone.language).sendLocation, "pin", (event) => phone.openPlaces(event.currentTarget));
  if (message.link) action(message.link.title, "open", () => window.open(message.link.url, "_blank", "noopener"));
  return made.length ? el("div", { class: "actions" }, ...made) : null;
};

const reactions = (message) => {
  if (!message.reactions?.length) return null;
  return el("span", { class: "reactions" }, ...message.reactions.map(({ emoji }) => emoji));
};

const body = (message, language) => {
  if (message.type === "unsupported") return el("div", { class: "text faint" }, el("em", {}, words(language).unsupported), el("span", { class: "room" }));
  if (message.type === "contacts") return el("div", { class: "text" }, `👤 ${message.text}`, el("span", { class: "room" }));
  if (message.type === "location" || !message.text) return null;
  const large = message.type === "text" && onlyEmoji(message.text) ? " large" : "";
  return el("div", { class: `text${large}`, dir: "auto" }, formatted(message.text), el("span", { class: "room" }));
};

// The bubble; `first` of a row from the same side has a tail.
export const bubble = (message, first, phone) => {
  const own = message.from === "customer";
  const classes = ["bubble", own ? "own" : "theirs", first && "tail", message.type].filter(Boolean).join(" ");
  const tools = el(
    "span",
    { class: "tools" },
    el("button", { type: "button", title: "Reply", "aria-label": "Reply", onclick: () => phone.quote(message) }, "↩"),
    el("button", { type: "button", title: "👍", "aria-label": "React with 👍", onclick: () => phone.react(message, "👍") }, "👍"),
    el("button", { type: "button", title: "❤️", "aria-label": "React with ❤️", onclick: () => phone.react(message, "❤️") }, "❤️"),
  );
  const error = message.error && el("small", { class: "failure" }, `${message.error.code}: ${message.error.title}`);
  return el(
    "article",
    { class: classes, "data-n": message.n, "data-from": message.from },
    el(
      "div",
      { class: "paper" },
      quote(message, phone),
      header(message),
      media(message, phone.language),
      message.location && place(message.location, phone.language),
      body(message, phone.language),
      message.footer && el("div", { class: "footer", dir: "auto" }, message.footer),
      error,
      meta(message, phone.language),
    ),
    actions(message, phone),
    reactions(message),
    tools,
  );
};

// Only the ticks change.
export const setStatus = (node, message, language) => node.querySelector(".meta")?.replaceWith(meta(message, language));
