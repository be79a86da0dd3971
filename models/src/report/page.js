for (const table of document.querySelectorAll("table.sort")) {
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement, at = head.cellIndex, body = table.tBodies[0];
      const before = head.getAttribute("aria-sort");
      const up = before ? before === "descending" : !head.classList.contains("n");
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const compare = (a, b) => {
        const [x, y] = [a.cells[at], b.cells[at]];
        const order = "v" in x.dataset ? x.dataset.v - y.dataset.v : x.textContent.localeCompare(y.textContent);
        return up ? order : -order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  }
}
