// Whether text can be read, measured in what is drawn: also where it lies over gradients, glass and pictures, of which no
// rule over style sheets knows the colour. WCAG 2.2, success criterion 1.4.3.

import { browser } from "./browser.mjs";

/** What text must have at least, and text that is large or bold and nearly as large. */
const CONTRAST_MIN = 4.5;
const CONTRAST_MIN_LARGE = 3;

/** The share of a text's pixels that may be worse: the edges of what it lies on, and what sticks out over it. */
const SHARE_PASSED_OVER = 0.05;

/** @typedef {{text: string, color: string, isLarge: boolean, x: number, y: number, width: number, height: number}} Line */

/**
 * The lines of text that are hard to read, among those in the window, as sentences.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>}
 */
export async function hardToRead(page) {
  const lines = await page.evaluate(linesOfText);
  await page.evaluate(hideText);
  const picture = (await page.screenshot()).toString("base64");
  await page.evaluate(() => void document.adoptedStyleSheets.pop());
  // What has moved or changed meanwhile was pictured somewhere else.
  const still = new Set((await page.evaluate(linesOfText)).map((line) => JSON.stringify(line)));
  const contrasts = await measure(picture, lines);
  return lines.flatMap((line, index) => {
    const needed = line.isLarge ? CONTRAST_MIN_LARGE : CONTRAST_MIN;
    const isEnough = contrasts[index] >= needed - 0.05 || !still.has(JSON.stringify(line));
    return isEnough ? [] : [`"${line.text}" has a contrast of ${contrasts[index].toFixed(2)}, and needs ${needed}`];
  });
}

/**
 * Runs in the page: each line of text that can be seen, with the colour in which it is written.
 * @returns {Line[]}
 */
function linesOfText() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  /** @type {Line[]} */
  const lines = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = /** @type {Element} */ (node.parentElement);
    const isInactive = parent.closest(":disabled, [aria-disabled='true']") !== null;
    if (node.textContent?.trim() === "" || isInactive || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const { color: ink, fill, fontSize, fontWeight } = getComputedStyle(parent);
    const color = parent instanceof SVGElement ? fill : ink;
    const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
    const isCutOff = (/** @type {number} */ y) => {
      for (let box = /** @type {Element | null} */ (parent); box; box = box.parentElement) {
        const { top, bottom } = box.getBoundingClientRect();
        if (getComputedStyle(box).overflowY === "hidden" && (y < top || y > bottom)) return true;
      }
      return false;
    };
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { x, y, width, height } of range.getClientRects()) {
      // What lies under something else, is cut off, or is there for screen readers alone, nobody reads.
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      const isInside = x >= 0 && y >= 0 && x + width <= innerWidth && y + height <= innerHeight;
      if (!isInside || width < 2 || height < 2 || (top !== parent && !parent.contains(top)) || isCutOff(y + height / 2)) continue;
      lines.push({ text: (node.textContent ?? "").trim().slice(0, 60), color, isLarge, x, y, width, height });
    }
  }
  for (const field of document.querySelectorAll("input[placeholder]:placeholder-shown, textarea[placeholder]:placeholder-shown")) {
    const { left, top, width, height } = field.getBoundingClientRect();
    if (width < 2 || document.elementFromPoint(left + width / 2, top + height / 2) !== field) continue;
    const { color } = getComputedStyle(field, "::placeholder");
    const [x, y] = [left + width / 4, top + height / 4];
    lines.push({ text: field.getAttribute("placeholder") ?? "", color, isLarge: false, x, y, width: width / 2, height: height / 2 });
  }
  return lines;
}

/** Runs in the page: only what text lies on is drawn. */
function hideText() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, *::before, *::after, *::placeholder { color: transparent !important; text-shadow: none !important;
    text-decoration: none !important; transition: none !important; caret-color: transparent !important; }
    svg text { fill: transparent !important; }`);
  document.adoptedStyleSheets.push(sheet);
}

/**
 * The contrast of each line with what it lies on.
 * @param {string} picture PNG, in base 64
 * @param {Line[]} lines
 * @returns {Promise<number[]>}
 */
async function measure(picture, lines) {
  const desk = await (await browser()).newPage();
  try {
    return await desk.evaluate(contrastsIn, { picture, lines, share: SHARE_PASSED_OVER });
  } finally {
    await desk.close();
  }
}

/**
 * Runs in an empty page.
 * @param {{picture: string, lines: Line[], share: number}} measured
 * @returns {Promise<number[]>}
 */
async function contrastsIn({ picture, lines, share }) {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.drawImage(bitmap, 0, 0);
  const swatch = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));

  const linear = (/** @type {number} */ value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (/** @type {number[]} */ [red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const contrast = (/** @type {number} */ one, /** @type {number} */ other) =>
    (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

  return lines.map(({ color, x, y, width, height }) => {
    swatch.clearRect(0, 0, 1, 1);
    swatch.fillStyle = color;
    swatch.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = swatch.getImageData(0, 0, 1, 1).data;
    const { data } = pen.getImageData(Math.floor(x), Math.floor(y), Math.ceil(width), Math.ceil(height));
    const contrasts = [];
    for (let at = 0; at < data.length; at += 4) {
      const below = [data[at], data[at + 1], data[at + 2]];
      const ink = [red, green, blue].map((value, index) => (value * alpha + below[index] * (255 - alpha)) / 255);
      contrasts.push(contrast(luminance(ink), luminance(below)));
    }
    contrasts.sort((one, other) => one - other);
    return contrasts[Math.floor(contrasts.length * share)];
  });
}
