// Headings of sortable tables become buttons. Without script the tables are as complete.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const first = numeric ? "descending" : "ascending";
      const other = numeric ? "ascending" : "descending";
      const order = before === first ? other : first;
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...body.rows].map((row) => {
        const cell = row.cells[column];
        const value = numeric ? parseFloat(cell.dataset.value) : cell.textContent;
        return { row, value };
      });
      rows.sort((a, b) => {
        if (!numeric) return sign * a.value.localeCompare(b.value);
        // What was not measured comes last either way.
        if (Number.isNaN(a.value)) return Number.isNaN(b.value) ? 0 : 1;
        if (Number.isNaN(b.value)) return -1;
        return sign * (a.value - b.value);
      });
      body.append(...rows.map((entry) => entry.row));
      heads.forEach((each) => each.setAttribute("aria-sort", each === head ? order : "none"));
    });
  });
}
// On a narrow screen the long tables start closed; in print all are open.
const details = [...document.querySelectorAll("details")];
if (matchMedia("(max-width: 640px)").matches) details.forEach((each) => (each.open = false));
addEventListener("beforeprint", () => details.forEach((each) => (each.open = true)));
