// What the lines say where the pointer is; the page is whole without it.
const clock = (t) => {
  const s = Math.round(t), two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? Math.floor(s / 60) + ":" + two(s % 60) : Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
};
for (const plot of document.querySelectorAll(".plot")) {
  const svg = plot.querySelector("svg"), cross = svg.querySelector(".cross"), out = plot.parentElement.querySelector(".read");
  const [left, right, end] = ["left", "right", "end"].map((key) => +plot.dataset[key]);
  const lines = [...svg.querySelectorAll("path[data-t]")].map((path) => ({
    name: path.dataset.name, unit: path.dataset.unit, t: path.dataset.t.split(",").map(Number), v: path.dataset.v.split(","),
  }));
  const show = (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    const at = Math.min(1, Math.max(0, (x - left) / (right - left))) * end;
    const read = lines.map((line) => {
      let i = line.t.findIndex((t) => t >= at);
      if (i < 0) i = line.t.length - 1;
      return [line.t[i], line.name + " " + (line.v[i] ? Number(line.v[i]).toLocaleString("en") + (line.unit[0] === "/" ? "" : " ") + line.unit : "–")];
    });
    const place = left + read[0][0] / end * (right - left);
    cross.setAttribute("x1", place);
    cross.setAttribute("x2", place);
    cross.classList.add("on");
    out.textContent = clock(read[0][0]) + "  " + read.map((r) => r[1]).join(" · ");
  };
  const hide = () => { cross.classList.remove("on"); out.textContent = ""; };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", hide);
}
