// Small helpers around the document.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes ("onclick" and the like are listeners) and children or texts. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for a picture's elements. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Replaces an element's children, leaving out those that are null. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  fill(element, ...children);
  return element;
}

/** Changes a text only where it differs, so that nothing is laid out again in vain. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Changes an attribute only where it differs; null removes it. */
export function setAttribute(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

/** Shows whether something can be undone or redone; a focus on a button that goes out stays near. */
export function enableUndo(undo, redo, { past, future }) {
  const focused = document.activeElement;
  undo.disabled = past.length === 0;
  redo.disabled = future.length === 0;
  if (focused === undo && undo.disabled) redo.focus();
  if (focused === redo && redo.disabled) undo.focus();
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A tip next to what the pointer or the focus is on, until `signal`; Escape puts it away. */
export class Tip {
  constructor(box, signal) {
    this.box = box;
    this.texts = new WeakMap();
    const over = (event) => this.show(event.target.closest?.("[data-tip]"));
    document.addEventListener("mouseover", over, { signal });
    document.addEventListener("focusin", over, { signal });
    document.addEventListener("focusout", () => this.hide(), { signal });
    document.addEventListener("scroll", () => this.hide(), { capture: true, signal });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide(), { signal });
  }

  attach(element, text) {
    element.dataset.tip = "";
    this.texts.set(element, text);
  }

  show(element) {
    if (!element) return this.hide();
    this.element = element;
    this.refresh();
    const text = this.box.textContent;
    this.box.hidden = text === "";
    if (text === "") return undefined;
    element.setAttribute("aria-describedby", "tip");
    const place = element.getBoundingClientRect();
    const width = this.box.offsetWidth;
    const left = Math.max(6, Math.min(window.innerWidth - width - 6, place.left + place.width / 2 - width / 2));
    const below = place.top < 60;
    this.box.style.left = `${left}px`;
    this.box.style.top = `${below ? place.bottom + 6 : place.top - this.box.offsetHeight - 6}px`;
    return undefined;
  }

  /** Keeps the text true while the numbers change under the pointer. */
  refresh() {
    if (this.element) setText(this.box, this.texts.get(this.element)?.() ?? "");
  }

  hide() {
    this.element?.removeAttribute("aria-describedby");
    this.element = null;
    this.box.hidden = true;
  }
}
