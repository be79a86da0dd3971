// One customer's phone.

import { bubble, setStatus } from "./bubble.js";
import { day, el, languageOf, plain, words } from "./text.js";

const CHIPS = ["Hi", "Hola", "नमस्ते", "kya iPhone 15 available hai?"];
const PLACES = [
  ["Connaught Place, New Delhi", 28.6315, 77.2167],
  ["Andheri West, Mumbai", 19.1364, 72.8296],
  ["Indiranagar, Bengaluru", 12.9719, 77.6412],
  ["Sol, Madrid", 40.4169, -3.7033],
  ["Roma Norte, Ciudad de México", 19.4195, -99.1626],
];

export class Phone {
  constructor({ waId, name, number }, world) {
    Object.assign(this, { waId, name, number, world, language: languageOf(waId) });
    this.messages = new Map();
    this.last = 0;
    this.unread = 0;
    this.loaded = false;
    this.build();
  }

  business() {
    return this.world.numbers.find((number) => number.phone_number_id === this.number) ?? this.world.numbers[0];
  }

  path(rest) {
    return `/sim/customers/${this.waId}/${rest}`;
  }

  build() {
    const say = words(this.language);
    const business = this.business();
    this.subtitle = el("small", {}, say.business);
    this.title = el("span", { class: "name" }, business.name);
    this.owner = el("span", { class: "owner" }, this.name);
    this.list = el("div", { class: "messages", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": `${this.name} – ${business.name}` });
    this.down = el("button", { type: "button", class: "down", hidden: true, onclick: () => this.bottom() }, "↓");
    this.closed = el("p", { class: "closed", hidden: true }, say.closed);
    this.quoting = el("div", { class: "quoting", hidden: true });
    this.input = el("textarea", { rows: "1", placeholder: say.message, "aria-label": say.message, maxlength: "4096", dir: "auto", enterkeyhint: "send" });
    this.file = el("input", { type: "file", accept: "image/png,image/jpeg", hidden: true });
    this.clip = el("button", { type: "button", class: "round", title: say.attach, "aria-label": say.attach, "aria-haspopup": "true", onclick: () => this.openAttach() }, el("span", { class: "icon clip", "aria-hidden": "true" }));
    const send = el("button", { type: "submit", class: "round send", title: say.send, "aria-label": say.send }, el("span", { class: "icon plane", "aria-hidden": "true" }));
    const form = el("form", { class: "composer" }, el("div", { class: "field" }, this.input, this.clip), this.file, send);
    this.sheetHost = el("div", { class: "sheet-host", hidden: true });
    const menu = el("button", { type: "button", class: "plain", "aria-label": "Menu", title: "Menu", "aria-haspopup": "true", onclick: (event) => this.openMenu(event.currentTarget) }, "⋮");
    this.node = el(
      "section",
      { class: "phone", lang: this.language, "aria-label": this.name },
      el("div", { class: "label" }, this.owner, el("small", {}, `+${this.waId}`)),
      el(
        "div",
        { class: "screen" },
        el("header", { class: "bar" }, el("span", { class: "avatar", "aria-hidden": "true" }, business.name.slice(0, 1)), el("span", { class: "who" }, this.title, this.subtitle), menu),
        this.list,
        this.down,
        this.closed,
        this.quoting,
        form,
        this.sheetHost,
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener("keydown", (event) => {
      // While a word is being composed (Hindi keyboards), Enter belongs to the keyboard.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    this.input.addEventListener("input", () => this.grow());
    this.file.addEventListener("change", () => this.sendPhoto());
    this.list.addEventListener("scroll", () => this.scrolled());
    // Banners and keyboards take room from below; who was at the end stays there.
    new ResizeObserver(() => this.pinned && this.bottom()).observe(this.list);
    this.render();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  async load() {
    const view = await this.world.api("GET", this.path(`thread?number=${this.number}`));
    if (!view) return;
    this.messages = new Map(view.messages.map((message) => [message.n, message]));
    this.last = view.messages.at(-1)?.n ?? 0;
    this.loaded = true;
    // Nothing to say about a window that never was.
    this.closed.hidden = view.window_open || view.messages.length === 0;
    this.render();
    this.typing(view.typing ? 25_000 : 0);
    this.bottom();
    this.seen();
  }

  // Everything anew: at the start, and after the connection was lost.
  render() {
    this.list.replaceChildren();
    this.tail = null;
    if (this.loaded && this.messages.size === 0) this.list.append(this.welcome());
    for (const message of this.messages.values()) this.place(message);
  }

  welcome() {
    const chips = CHIPS.map((text) => el("button", { type: "button", class: "chip", onclick: () => this.act({ type: "text", text }) }, text));
    return el("div", { class: "welcome" }, el("p", {}, words(this.language).empty), el("div", { class: "chips" }, ...chips));
  }

  place(message) {
    const date = new Date(message.at).toDateString();
    if (!this.tail || this.tail.date !== date) {
      this.list.append(el("div", { class: "day" }, day(message.at, this.world.now(), this.language)));
      this.tail = null;
    }
    const first = this.tail?.from !== message.from;
    this.list.append(bubble(message, first, this));
    if (this.dots) this.list.append(this.dots);
    this.tail = { date, from: message.from };
  }

  nearBottom() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 120;
  }

  bottom() {
    this.list.scrollTop = this.list.scrollHeight;
    this.unread = 0;
    this.scrolled();
  }

  scrolled() {
    this.pinned = this.nearBottom();
    if (this.pinned) {
      this.unread = 0;
      if (!document.hidden) this.seen();
    }
    this.down.hidden = this.nearBottom();
    this.down.textContent = this.unread ? `↓ ${this.unread}` : "↓";
    this.world.badge();
  }

  // Tells the world that the chat is on the screen, once a burst.
  seen() {
    if (this.seeing || !this.loaded) return;
    this.seeing = setTimeout(() => {
      this.seeing = null;
      if (!document.hidden) this.world.api("POST", this.path(`read?number=${this.number}`), {}, true);
    }, 300);
  }

  onMessage(message) {
    const known = this.messages.has(message.n);
    const follow = this.nearBottom();
    this.messages.set(message.n, message);
    if (known) {
      const node = this.find(message.n);
      node?.replaceWith(bubble(message, node.classList.contains("tail"), this));
      return;
    }
    if (message.from === "business") this.typing(0);
    else this.closed.hidden = true;
    this.list.querySelector(".welcome")?.remove();
    this.place(message);
    this.last = Math.max(this.last, message.n);
    if (follow || message.from === "customer") this.bottom();
    if (message.from === "business" && (!follow || document.hidden)) this.unread += 1;
    this.scrolled();
    // Pictures grow after they have been placed.
    for (const image of this.list.querySelectorAll(`[data-n="${message.n}"] img`)) image.addEventListener("load", () => follow && this.bottom());
  }

  onStatus(n, status) {
    const message = this.messages.get(n);
    if (!message) return;
    message.status = status;
    const node = this.find(n);
    if (node) setStatus(node, message, this.language);
  }

  onCleared() {
    this.messages.clear();
    this.last = 0;
    this.typing(0);
    this.render();
  }

  find(n) {
    return this.list.querySelector(`[data-n="${n}"]`);
  }

  show(n) {
    const node = this.find(n);
    node?.scrollIntoView({ block: "center", behavior: "smooth" });
    node?.classList.add("flash");
    setTimeout(() => node?.classList.remove("flash"), 1_200);
  }

  typing(forMs) {
    clearTimeout(this.typingTimer);
    this.dots?.remove();
    this.dots = null;
    this.subtitle.textContent = forMs > 0 ? words(this.language).typing : words(this.language).business;
    this.subtitle.classList.toggle("active", forMs > 0);
    if (forMs <= 0) return;
    const follow = this.nearBottom();
    this.dots = el("div", { class: "bubble theirs tail dots", "aria-label": words(this.language).typing }, el("div", { class: "paper" }, el("i"), el("i"), el("i")));
    this.list.append(this.dots);
    if (follow) this.bottom();
    this.typingTimer = setTimeout(() => this.typing(0), forMs);
  }

  act(act) {
    const reply = this.replyTo && act.type === "text" ? { reply_to: this.replyTo.wamid } : {};
    this.quote(null);
    return this.world.api("POST", this.path("messages"), { ...act, ...reply, number: this.number });
  }

  async send() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.grow();
    if (!(await this.act({ type: "text", text }))) {
      // Not taken: what was written is not lost.
      if (!this.input.value) this.input.value = text;
    }
    this.input.focus();
  }

  tap(message, id) {
    return this.world.api("POST", this.path("messages"), { type: "button", id, reply_to: message.wamid, number: this.number });
  }

  react(message, emoji) {
    const mine = message.reactions?.some((reaction) => reaction.from === "customer" && reaction.emoji === emoji);
    return this.act({ type: "reaction", message: message.n, emoji: mine ? "" : emoji });
  }

  quote(message) {
    this.replyTo = message;
    this.quoting.hidden = !message;
    if (!message) return;
    const who = message.from === "customer" ? words(this.language).you : this.business().name;
    this.quoting.replaceChildren(
      el("span", { class: "quote" }, el("b", {}, who), el("span", {}, plain(message.text || message.type))),
      el("button", { type: "button", class: "plain", "aria-label": words(this.language).close, onclick: () => this.quote(null) }, "✕"),
    );
    this.input.focus();
  }

  sendPhoto() {
    const [file] = this.file.files;
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => {
      const data = reader.result.slice(reader.result.indexOf(",") + 1);
      const caption = this.input.value.trim() || undefined;
      this.input.value = "";
      this.act({ type: "image", data, mime_type: file.type, caption });
    };
    reader.readAsDataURL(file);
    this.file.value = "";
  }

  // A sheet from below, over the chat. Escape and the backdrop close it; the focus goes back where it was.
  sheet(title, content, opener) {
    const close = () => {
      this.sheetHost.hidden = true;
      this.sheetHost.replaceChildren();
      (opener ?? this.input).focus();
    };
    const panel = el(
      "div",
      { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": title },
      el("header", {}, el("button", { type: "button", class: "plain", "aria-label": words(this.language).close, onclick: close }, "✕"), el("b", {}, title)),
      content(close),
    );
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key !== "Tab") return;
      const stops = [...panel.querySelectorAll("button:not(:disabled), input")];
      const [first, last] = [stops[0], stops.at(-1)];
      const leaving = event.shiftKey ? document.activeElement === first : document.activeElement === last;
      if (leaving) {
        event.preventDefault();
        (event.shiftKey ? last : first).focus();
      }
    });
    this.sheetHost.replaceChildren(el("div", { class: "backdrop", onclick: close }), panel);
    this.sheetHost.hidden = false;
    (panel.querySelector("input, .row") ?? panel.querySelector("button")).focus();
  }

  openList(message, opener) {
    const group = `list-${this.waId}-${message.n}`;
    this.sheet(message.list_button, (close) => {
      const send = el("button", { type: "submit", class: "primary wide", disabled: true }, words(this.language).send);
      const form = el("form", { class: "rows" });
      for (const { title, rows } of message.sections) {
        if (title) form.append(el("h4", {}, title));
        for (const row of rows) {
          const radio = el("input", { type: "radio", name: group, value: row.id });
          form.append(el("label", { class: "row" }, el("span", {}, el("b", { dir: "auto" }, row.title), row.description && el("small", { dir: "auto" }, row.description)), radio));
        }
      }
      form.addEventListener("change", () => (send.disabled = false));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const id = form.querySelector("input:checked")?.value;
        if (id === undefined) return;
        close();
        this.world.api("POST", this.path("messages"), { type: "list", id, reply_to: message.wamid, number: this.number });
      });
      form.append(el("div", { class: "foot" }, el("small", {}, words(this.language).choose), send));
      return form;
    }, opener);
  }

  choices(title, choices, opener) {
    this.sheet(title, (close) => {
      const rows = choices.map(([label, detail, act]) =>
        el("button", { type: "button", class: "row", onclick: () => { close(); act(); } }, el("span", {}, el("b", {}, label), detail && el("small", {}, detail))),
      );
      return el("div", { class: "rows" }, ...rows);
    }, opener);
  }

  openAttach() {
    const say = words(this.language);
    this.choices(say.attach, [
      [`🖼️ ${say.photo}`, null, () => this.file.click()],
      [`📍 ${say.location}`, null, () => this.openPlaces(this.clip)],
      [`👤 ${say.contact}`, `+${this.waId}`, () => this.act({ type: "contacts" })],
    ], this.clip);
  }

  openPlaces(opener) {
    const places = PLACES.map(([name, latitude, longitude]) => [
      name, `${latitude}, ${longitude}`, () => this.act({ type: "location", latitude, longitude, name }),
    ]);
    this.choices(words(this.language).whereabouts, places, opener);
  }

  openMenu(opener) {
    const others = this.world.numbers.filter((number) => number.phone_number_id !== this.number);
    const change = (body) => this.world.api("PUT", `/sim/customers/${this.waId}`, { ...body, number: this.number });
    const hidden = this.world.customers.get(this.waId)?.hide_phone;
    const silent = this.world.customers.get(this.waId)?.marketing === false;
    this.choices(this.name, [
      ...others.map((number) => [`Talk to ${number.name} ${number.country}`, `+${number.display_phone_number}`, () => this.world.retarget(this, number.phone_number_id)]),
      [hidden ? "Show the phone number" : "Hide the phone number", "the business sees a business-scoped id only", () => change({ hide_phone: !hidden })],
      [silent ? "Take marketing messages again" : "Stop marketing messages", null, () => change({ marketing: silent })],
      ["Clear this chat", "on the phone; the business remembers", () => this.world.api("DELETE", this.path(`thread?number=${this.number}`))],
      ["Put this phone away", null, () => this.world.remove(this)],
    ], opener);
  }
}
