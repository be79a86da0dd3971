// WhatsApp's marks in texts, times, and the words of the phone itself.

export const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

// A mark opens after a blank or punctuation, hugs its content, and closes before a blank or punctuation.
const MARKS = [
  ["*", "strong"],
  ["_", "em"],
  ["~", "s"],
];
const EDGE = "[\\s\\p{P}\\p{S}]";
const RULES = MARKS.map(([mark, tag]) => {
  const m = `\\${mark}`.replace("\\_", "_").replace("\\~", "~");
  return [new RegExp(`(?<=^|${EDGE})${m}(?=\\S)([^\\n]*?\\S)${m}(?=$|${EDGE})`, "u"), tag];
});
const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'*_~]|\bwww\.[a-z0-9-]+\.[^\s<>"]*[^\s<>".,;:!?)\]}'*_~]/iu;

const inline = (text) => {
  if (!text) return [];
  const fixed = /```([\s\S]+?)```|`([^`\n]+)`/u.exec(text);
  const link = LINK.exec(text);
  let first = null;
  const offer = (found, make) => {
    if (found && (!first || found.index < first.found.index)) first = { found, make };
  };
  offer(fixed, (f) => el("code", {}, f[1] ?? f[2]));
  offer(link, (f) => {
    const href = f[0].startsWith("www.") ? `https://${f[0]}` : f[0];
    return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, f[0]);
  });
  for (const [rule, tag] of RULES) offer(rule.exec(text), (f) => el(tag, {}, ...inline(f[1])));
  if (!first) return [text];
  const { found, make } = first;
  return [text.slice(0, found.index), make(found), ...inline(text.slice(found.index + found[0].length))].filter(
    (part) => part !== "",
  );
};

// A text as nodes: never HTML, so nothing in it can become markup.
export const formatted = (text) => {
  const fragment = document.createDocumentFragment();
  const lines = text.split("\n");
  // Monospaced blocks may span lines; everything else is line by line.
  if (/```[\s\S]*\n[\s\S]*```/u.test(text)) {
    fragment.append(...inline(text));
    return fragment;
  }
  lines.forEach((line, i) => {
    const quote = /^> (.+)$/u.exec(line);
    const bullet = /^[-*] (.+)$/u.exec(line);
    if (quote) fragment.append(el("span", { class: "blockquote" }, ...inline(quote[1])));
    else if (bullet) fragment.append(el("span", { class: "bullet" }, ...inline(bullet[1])));
    else {
      fragment.append(...inline(line));
      if (i < lines.length - 1) fragment.append("\n");
    }
  });
  return fragment;
};

export const plain = (text) => text.replace(/```|(?<=^|\s)[*_~](?=\S)|(?<=\S)[*_~](?=\s|$)/gu, "");

// One to three emoji and nothing else are shown large.
export const onlyEmoji = (text) => /^(?:\p{Extended_Pictographic}[\p{M}\u200d\ufe0f\p{Emoji_Modifier}]*\p{Extended_Pictographic}*\s*){1,3}$/u.test(text);

export const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

const sameDay = (a, b) => a.toDateString() === b.toDateString();

export const day = (at, now, language) => {
  const date = new Date(at);
  const today = new Date(now);
  const yesterday = new Date(now - 86_400_000);
  if (sameDay(date, today)) return words(language).today;
  if (sameDay(date, yesterday)) return words(language).yesterday;
  return date.toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" });
};

const WORDS = {
  en: {
    today: "Today", yesterday: "Yesterday", typing: "typing…", business: "Business account", message: "Message",
    send: "Send", attach: "Attach", photo: "Photo", location: "Location", contact: "My contact", sendLocation: "Send location",
    close: "Close", choose: "Tap to choose", you: "You", empty: "Say something to the shop – it answers on its own.",
    unsupported: "This message is not shown here", failed: "Not delivered", image: "Photo", closed: "The 24-hour window is closed: the business can only send templates.",
    whereabouts: "Where are you?",
  },
  es: {
    today: "Hoy", yesterday: "Ayer", typing: "escribiendo…", business: "Cuenta de empresa", message: "Mensaje",
    send: "Enviar", attach: "Adjuntar", photo: "Foto", location: "Ubicación", contact: "Mi contacto", sendLocation: "Enviar ubicación",
    close: "Cerrar", choose: "Toca para elegir", you: "Tú", empty: "Escribe algo a la tienda: contesta sola.",
    unsupported: "Este mensaje no se muestra aquí", failed: "No entregado", image: "Foto", closed: "La ventana de 24 horas está cerrada: la empresa solo puede enviar plantillas.",
    whereabouts: "¿Dónde estás?",
  },
  hi: {
    today: "आज", yesterday: "कल", typing: "लिख रहे हैं…", business: "बिज़नेस खाता", message: "मैसेज",
    send: "भेजें", attach: "अटैच करें", photo: "फ़ोटो", location: "लोकेशन", contact: "मेरा कॉन्टैक्ट", sendLocation: "लोकेशन भेजें",
    close: "बंद करें", choose: "चुनने के लिए टैप करें", you: "आप", empty: "दुकान से कुछ कहिए – जवाब अपने आप आएगा।",
    unsupported: "यह मैसेज यहाँ नहीं दिखता", failed: "डिलीवर नहीं हुआ", image: "फ़ोटो", closed: "24 घंटे की विंडो बंद है: बिज़नेस केवल टेम्पलेट भेज सकता है।",
    whereabouts: "आप कहाँ हैं?",
  },
};

export const words = (language) => WORDS[language] ?? WORDS.en;

// The language of the phone itself; what is written in the chat is another matter.
export const languageOf = (waId) => {
  if (waId === "919810000001") return "hi";
  return waId.startsWith("34") || waId.startsWith("52") ? "es" : "en";
};
