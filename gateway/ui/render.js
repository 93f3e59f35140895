// Making and changing what is shown. Data becomes text nodes and attributes, never markup.

/** @typedef {string | Node | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | Record<string, (event: any) => void>>} Properties */

const SVG = "http://www.w3.org/2000/svg";

/**
 * A node of HTML. `on` has the listeners, everything else is an attribute: `true` stands there without a value, and `false`,
 * `null` and `undefined` do not stand there.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * A node of SVG, made as `element` makes one of HTML.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function drawing(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * Writes only what is new, so that selections stay and screen readers do not hear the same again.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Sets an attribute if it is otherwise; `null`, `undefined` and `false` remove it.
 * @param {Element} node
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/**
 * Shows or hides a node.
 * @param {Element} node
 * @param {boolean} isShown
 */
export function setShown(node, isShown) {
  setAttribute(node, "hidden", !isShown);
}

/**
 * Makes the children of `parent` those of `items`, in their order. What has the same key keeps its node, and with it focus
 * and selection. `parent` must have no other children.
 * @template Item
 * @template {{node: HTMLElement}} View
 * @param {HTMLElement} parent
 * @param {Iterable<Item>} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => View} make what is shown of a new item, with its `node`
 * @param {(view: View, item: Item) => void} fillView writes what may have changed into it
 * @returns {View[]} what is shown, in its order
 */
export function keepList(parent, items, keyOf, make, fillView) {
  const before = /** @type {Map<string, View>} */ (views.get(parent) ?? new Map());
  const after = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const view = before.get(key) ?? make(item);
    fillView(view, item);
    after.set(key, view);
  }
  for (const [key, view] of before) {
    if (!after.has(key)) view.node.remove();
  }
  let next = parent.firstElementChild;
  for (const { node } of after.values()) {
    if (node === next) next = node.nextElementSibling;
    else place(parent, node, next);
  }
  views.set(parent, after);
  return [...after.values()];
}

/** The views of each parent of a list, by key. @type {WeakMap<HTMLElement, Map<string, any>>} */
const views = new WeakMap();

/**
 * Moves with all its state where the browser can, and else gives back the focus.
 * @param {any} parent
 * @param {HTMLElement} node
 * @param {Element | null} next
 */
function place(parent, node, next) {
  if (node.isConnected && parent.moveBefore) return parent.moveBefore(node, next);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, next);
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/** A hidden page draws no frames, and still has to change its title. */
const HIDDEN_FRAME_MS = 250;

/**
 * What is called as often as anything changes, and draws once a frame.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function onceAFrame(draw) {
  let frame = 0;
  let timer = 0;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    draw();
  };
  return () => {
    if (frame !== 0) return;
    frame = requestAnimationFrame(run);
    timer = Number(setTimeout(run, HIDDEN_FRAME_MS));
  };
}

/**
 * @template {HTMLElement | SVGElement} Made
 * @param {Made} node
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {Made}
 */
function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value !== null && typeof value === "object") {
      for (const [kind, listener] of Object.entries(value)) node.addEventListener(kind, listener);
    } else {
      setAttribute(node, name, value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
