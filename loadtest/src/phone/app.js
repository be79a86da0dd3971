// The page: phones side by side, the control strip, and the stream of events.

import { Phone } from "./phone.js";
import { el } from "./text.js";

const $ = (id) => document.getElementById(id);
const KEPT = "charla-phones";

const world = {
  numbers: [],
  people: [],
  customers: new Map(),
  phones: [],
  offset: 0,
  now: () => Date.now() + world.offset,

  // Asks the simulator. What fails is said on the page; the answer is then null.
  async api(method, path, body, quiet) {
    try {
      const answer = await fetch(path, {
        method,
        headers: body === undefined ? {} : { "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const json = await answer.json().catch(() => ({}));
      if (answer.ok) return json;
      if (!quiet) notice(`${json.error?.code ?? answer.status}: ${json.error?.message ?? "the simulator refused"}`);
    } catch {
      if (!quiet) notice("The simulator does not answer. Is the demo still running?");
    }
    return null;
  },

  badge() {
    const unread = world.phones.reduce((sum, phone) => sum + phone.unread, 0);
    document.title = unread ? `(${unread}) Charla – phones` : "Charla – phones";
  },

  async add(person) {
    if (world.phones.some((phone) => phone.waId === person.waId && phone.number === person.number)) return;
    await world.api("PUT", `/sim/customers/${person.waId}`, { name: person.name }, true);
    const phone = new Phone(person, world);
    world.phones.push(phone);
    $("phones").append(phone.node);
    await phone.load();
    keep();
    return phone;
  },

  remove(phone) {
    phone.node.remove();
    world.phones = world.phones.filter((other) => other !== phone);
    keep();
    world.badge();
  },

  async retarget(phone, number) {
    const fresh = new Phone({ waId: phone.waId, name: phone.name, number }, world);
    phone.node.replaceWith(fresh.node);
    world.phones = world.phones.map((other) => (other === phone ? fresh : other));
    await fresh.load();
    keep();
  },
};

const keep = () => {
  const kept = world.phones.map(({ waId, name, number }) => ({ waId, name, number }));
  localStorage.setItem(KEPT, JSON.stringify(kept));
};

const kept = () => {
  try {
    const list = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(list) ? list.filter((person) => /^\d{7,15}$/u.test(person?.waId)) : [];
  } catch {
    return [];
  }
};

let noticeTimer;
const notice = (text) => {
  $("notice").textContent = text;
  $("notice").hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").hidden = true), 8_000);
};

const showClock = () => {
  const now = new Date(world.now());
  $("clock").dateTime = now.toISOString();
  $("clock").textContent = now.toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
  $("clock").classList.toggle("moved", Math.abs(world.offset) > 1_000);
  $("clock-reset").hidden = Math.abs(world.offset) < 1_000;
};

const setOffset = (offset) => {
  world.offset = offset;
  showClock();
};

const strip = (config) => {
  for (const button of document.querySelectorAll("[data-advance]"))
    button.addEventListener("click", async () => {
      const clock = await world.api("POST", "/sim/clock", { advance_ms: Number(button.dataset.advance) });
      if (clock) setOffset(clock.offset_ms);
    });
  $("clock-reset").addEventListener("click", async () => {
    const clock = await world.api("POST", "/sim/clock", { offset_ms: 0 });
    if (clock) setOffset(clock.offset_ms);
  });
  if (config.outage_url) {
    $("backends").hidden = false;
    const toggles = new Map();
    const show = (state) => {
      for (const [backend, toggle] of toggles) {
        const mode = state?.backends?.[backend]?.mode ?? "ok";
        toggle.setAttribute("aria-pressed", String(mode === "ok"));
        toggle.title = mode === "ok" ? `${backend} is up; click to take it down` : `${backend}: ${mode}; click to bring it back`;
      }
    };
    for (const backend of config.backends) {
      const toggle = el("button", { type: "button", class: "switch" }, backend);
      toggle.addEventListener("click", async () => {
        const up = toggle.getAttribute("aria-pressed") === "true";
        const state = await world.api("POST", config.outage_url, { backend, mode: up ? "down" : "ok" });
        if (state) show(state);
      });
      toggles.set(backend, toggle);
      $("backends").append(toggle);
    }
    show(null);
    world.api("GET", config.outage_url, undefined, true).then((state) => state && show(state));
  }
  const link = (href, label) => $("links").append(el("a", { href, target: "_blank", rel: "noopener" }, label));
  if (config.shop_url) link(config.shop_url, "Shop");
  if (config.engine_url) {
    link(`${config.engine_url}/health/ready`, "Health");
    link(`${config.engine_url}/metrics`, "Metrics");
  }
  const themes = { light: "dark", dark: "light" };
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const wanted = new URLSearchParams(location.search).get("theme") ?? localStorage.getItem("charla-theme");
  if (wanted in themes) document.documentElement.dataset.theme = wanted;
  $("theme").addEventListener("click", () => {
    const next = themes[document.documentElement.dataset.theme ?? system()];
    document.documentElement.dataset.theme = next;
    localStorage.setItem("charla-theme", next);
  });
};

const chooser = () => {
  const numbers = world.numbers.map((number) => el("option", { value: number.phone_number_id }, `${number.name} ${number.country} (+${number.display_phone_number})`));
  $("new-business").replaceChildren(...numbers);
  $("add").addEventListener("click", () => {
    const shown = new Set(world.phones.map((phone) => phone.waId));
    const free = world.people.filter((person) => !shown.has(person.waId));
    const choose = (person) => {
      $("chooser").close();
      world.add(person).then((phone) => phone?.node.scrollIntoView({ behavior: "smooth", inline: "end" }));
    };
    const buttons = free.map((person) => el("button", { type: "button", onclick: () => choose(person) }, el("b", {}, person.name), el("small", {}, `+${person.waId}`)));
    $("people").replaceChildren(...buttons);
    $("new-error").textContent = "";
    $("chooser").showModal();
  });
  const addNew = () => {
    const waId = $("new-number").value.replace(/\D/gu, "");
    if (!/^\d{7,15}$/u.test(waId)) {
      $("new-error").textContent = "A number has 7 to 15 digits, country code first.";
      return;
    }
    $("chooser").close();
    world.add({ waId, name: $("new-name").value.trim() || `+${waId}`, number: $("new-business").value });
  };
  $("new-add").addEventListener("click", addNew);
  for (const id of ["new-name", "new-number"])
    $(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        addNew();
      }
    });
};

const listen = () => {
  const events = new EventSource("/sim/events");
  const live = (text, state) => {
    $("live").textContent = text;
    $("live").dataset.state = state;
  };
  events.onopen = () => live("live", "on");
  events.onerror = () => live("reconnecting…", "off");
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    const theirs = world.phones.filter((phone) => phone.waId === event.wa_id && phone.number === event.number);
    const each = (act) => theirs.forEach(act);
    switch (event.type) {
      case "hello": world.phones.forEach((phone) => phone.load()); break;
      case "message": each((phone) => phone.onMessage(event.message)); break;
      case "status": each((phone) => phone.onStatus(event.n, event.status)); break;
      case "typing": each((phone) => phone.typing(event.for_ms)); break;
      case "cleared": each((phone) => phone.onCleared()); break;
      case "customer": world.customers.set(event.customer.wa_id, event.customer); break;
      case "clock":
        setOffset(event.offset_ms);
        world.phones.forEach((phone) => phone.load());
        break;
    }
  };
};

const start = async () => {
  const [config, clock, customers] = await Promise.all(["/sim/config", "/sim/clock", "/sim/customers"].map((path) => world.api("GET", path)));
  if (!config) return;
  world.numbers = config.numbers;
  world.people = config.demo_customers.map(({ wa_id: waId, name, number }) => ({ waId, name, number }));
  for (const customer of customers?.customers ?? []) world.customers.set(customer.wa_id, customer);
  setOffset(clock?.offset_ms ?? 0);
  setInterval(showClock, 5_000);
  strip(config);
  chooser();
  // `?phones=447700900001,919810000001` shows those; otherwise the ones of last time; otherwise the first.
  const asked = new URLSearchParams(location.search).get("phones")?.split(",") ?? [];
  const named = asked.map((waId) => world.people.find((person) => person.waId === waId) ?? { waId, name: `+${waId}` });
  const wanted = named.length ? named : kept();
  const known = (number) => world.numbers.some((other) => other.phone_number_id === number);
  for (const person of wanted.length ? wanted : world.people.slice(0, 1)) {
    const number = known(person.number) ? person.number : world.numbers[0].phone_number_id;
    await world.add({ ...person, number });
  }
  // On a touch screen that would cover half of the chat with a keyboard.
  if (matchMedia("(pointer: fine)").matches) world.phones[0]?.input.focus();
  listen();
};

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) world.phones.forEach((phone) => phone.scrolled());
});

start();
