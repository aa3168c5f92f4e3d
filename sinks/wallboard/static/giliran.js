// What does not fit on a tile takes turns: pinned facts stay, the others come page by page. Nothing is cut off.
const TURN_MS = 9000;

function fits(list) {
  return list.scrollHeight <= list.clientHeight + 2 && list.scrollWidth <= list.clientWidth + 2;
}

/** Show the facts from the tile's turn on, as many as fit; remembers where the next turn starts. */
export function layOut(tile) {
  const list = tile.querySelector(".facts");
  const items = [...list.children];
  const pinned = items.filter((item) => item.className.includes("pin"));
  const rest = items.filter((item) => !item.className.includes("pin"));
  items.forEach((item) => item.classList.remove("on"));
  pinned.forEach((item) => item.classList.add("on"));
  const start = rest.length ? Number(tile.dataset.turn || 0) % rest.length : 0;
  let count = 0;
  while (count < rest.length) {
    const item = rest[(start + count) % rest.length];
    item.classList.add("on");
    if (!fits(list)) {
      item.classList.remove("on");
      break;
    }
    count += 1;
  }
  if (!count && rest.length) {
    pinned.forEach((item) => item.classList.remove("on"));
    rest[start].classList.add("on");
    count = 1;
  }
  tile.dataset.next = String(rest.length ? (start + count) % rest.length : 0);
  tile.dataset.turns = String(count < rest.length);
}

/** Turn the facts of every tile in time, unless stopped() says so. */
export function turnFacts(stopped) {
  setInterval(() => {
    if (stopped()) return;
    for (const tile of document.querySelectorAll('.tile[data-turns="true"]')) {
      const list = tile.querySelector(".facts");
      list.classList.add("turning");
      setTimeout(() => {
        tile.dataset.turn = tile.dataset.next;
        layOut(tile);
        list.classList.remove("turning");
      }, 350);
    }
  }, TURN_MS);
}
