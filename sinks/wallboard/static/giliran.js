// What does not fit on a tile takes turns, page by page. Nothing is cut off.
const TURN_MS = 9000;

function fits(list) {
  return list.scrollHeight <= list.clientHeight + 2 && list.scrollWidth <= list.clientWidth + 2;
}

/** Whether one fact by itself fits the list. */
export function fitsAlone(list, item) {
  item.classList.add("on");
  list.replaceChildren(item);
  return fits(list);
}

/** Show the facts from the tile's turn on, as many as fit; remembers where the next turn starts. */
export function layOut(tile) {
  const headline = tile.querySelector(".headline");
  tile.classList.remove("tight");
  tile.classList.toggle("tight", headline.scrollWidth > headline.clientWidth + 1);
  const list = tile.querySelector(".facts");
  const items = [...list.children];
  items.forEach((item) => item.classList.remove("on"));
  const start = items.length ? Number(tile.dataset.turn || 0) % items.length : 0;
  let end = start;
  while (end < items.length) {
    items[end].classList.add("on");
    if (end > start && !fits(list)) {
      items[end].classList.remove("on");
      break;
    }
    end += 1;
  }
  tile.dataset.next = String(end % (items.length || 1));
  tile.dataset.turns = String(start > 0 || end < items.length);
}

/** Turn the facts of every tile in time, unless stopped() says so. */
export function turnFacts(stopped) {
  setInterval(() => {
    if (stopped()) return;
    document.querySelectorAll(".lines").forEach((lines) => lines.classList.toggle("turned"));
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
