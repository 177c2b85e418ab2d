// Menus: buttons that open a sheet below them. The browser closes it with Escape or a click elsewhere.

const GAP = 4;
const LEAST_HEIGHT = 220;

/** Lets every sheet in the page open below its button, and stay there while the page is scrolled. */
export function bindMenus(root, signal) {
  for (const button of root.querySelectorAll("[popovertarget]")) {
    const sheet = document.getElementById(button.getAttribute("popovertarget"));
    sheet.addEventListener("beforetoggle", (event) => event.newState === "open" && place(sheet, button));
    const follow = () => isOpen(sheet) && place(sheet, button);
    window.addEventListener("scroll", follow, { signal, passive: true });
    window.addEventListener("resize", follow, { signal });
  }
}

function isOpen(sheet) {
  return sheet.matches(":popover-open");
}

/** Under the button, from its left edge rightwards, or where it stands on the right from its right edge. */
function place(sheet, button) {
  const box = button.getBoundingClientRect();
  const right = box.left + box.width / 2 > window.innerWidth / 2;
  const top = Math.max(GAP, Math.min(box.bottom + GAP, window.innerHeight - LEAST_HEIGHT));
  sheet.style.top = `${top}px`;
  sheet.style.maxHeight = `${window.innerHeight - top - GAP}px`;
  sheet.style.left = right ? "auto" : `${box.left}px`;
  sheet.style.right = right ? `${document.documentElement.clientWidth - box.right}px` : "auto";
}

/** Opens a sheet from elsewhere in the page. */
export function openMenu(sheet) {
  sheet.showPopover();
  sheet.querySelector("input, select, button")?.focus();
}
